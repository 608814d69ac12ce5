# expect: memory_limit
# A list of 34 GB of pointers.
def softmax_temperature(logits, temperature, dim=-1):
    return [0] * (1 << 32)
