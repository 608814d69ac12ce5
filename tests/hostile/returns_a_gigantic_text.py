# expect: output_limit | failed | memory_limit | time_limit
# More than anyone wants to carry.
def softmax_temperature(logits, temperature, dim=-1):
    return 'x' * (1 << 28)
