# expect: crashed | failed
# The memory behind the result is gone.
def softmax_temperature(logits, temperature, dim=-1):
    y = logits.detach().clone()
    y.untyped_storage().resize_(0)
    return y
