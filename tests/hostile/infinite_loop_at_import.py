# expect: time_limit
# Before there is a function to call.
while True:
    pass
