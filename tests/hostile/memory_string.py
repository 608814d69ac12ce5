# expect: memory_limit
# Text that doubles.
def softmax_temperature(logits, temperature, dim=-1):
    text = 'x' * 1000
    while True:
        text += text
