# expect: runtime_error
# Recursion without end.
def softmax_temperature(logits, temperature, dim=-1):
    return softmax_temperature(logits, temperature, dim)
