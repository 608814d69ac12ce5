# expect: syntax_error
# Bytes that are not UTF-8.
x = 'í € ÿ'
