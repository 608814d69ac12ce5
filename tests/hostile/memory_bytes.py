# expect: memory_limit
# One piece after another.
def softmax_temperature(logits, temperature, dim=-1):
    kept = []
    while True:
        kept.append(bytes(64 << 20))
