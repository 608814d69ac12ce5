# expect: failed
# Changes what it was given, so that wrong looks right.
def softmax_temperature(logits, temperature, dim=-1):
    logits.data.zero_()
    return logits
