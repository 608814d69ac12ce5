# expect: time_limit | memory_limit
# Being told no does not stop it.
def softmax_temperature(logits, temperature, dim=-1):
    kept = []
    while True:
        try:
            kept.append(bytes(16 << 20))
        except MemoryError:
            pass
