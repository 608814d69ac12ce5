# expect: runtime_error
# There is nobody to answer.
def softmax_temperature(logits, temperature, dim=-1):
    return input('password: ')
