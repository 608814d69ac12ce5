# expect: time_limit | memory_limit
# A number with 370 million digits.
def softmax_temperature(logits, temperature, dim=-1):
    return 9**9**9
