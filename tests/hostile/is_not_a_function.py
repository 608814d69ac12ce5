# expect: runtime_error
# The name is there, a function is not.
softmax_temperature = 42
