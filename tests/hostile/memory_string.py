# expect: memory_limit
# Text of 17 GB.
def softmax_temperature(logits, temperature, dim=-1):
    return 'x' * (1 << 34)
