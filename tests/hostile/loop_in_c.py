# expect: time_limit
# A loop in C hears no Python signal.
def softmax_temperature(logits, temperature, dim=-1):
    return sum(range(10**15))
