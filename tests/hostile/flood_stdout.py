# expect: output_limit
# Prints without end.
def softmax_temperature(logits, temperature, dim=-1):
    while True:
        print('never ' * 100)
