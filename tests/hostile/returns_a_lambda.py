# expect: failed
# Cannot be pickled, or compared.
def softmax_temperature(logits, temperature, dim=-1):
    return lambda: logits
