# expect: time_limit
# The plainest of all.
def softmax_temperature(logits, temperature, dim=-1):
    while True:
        pass
