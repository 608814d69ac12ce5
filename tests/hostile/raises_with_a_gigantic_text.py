# expect: output_limit | runtime_error | memory_limit | time_limit
# The message weighs 256 MiB.
def softmax_temperature(logits, temperature, dim=-1):
    raise ValueError('x' * (1 << 28))
