# expect: memory_limit
# A text padded to ten thousand million characters.
x = '{:>{}}'.format('a', 10**10)
