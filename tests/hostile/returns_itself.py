# expect: failed
# A list that holds itself.
def softmax_temperature(logits, temperature, dim=-1):
    loop = []
    loop.append(loop)
    return loop
