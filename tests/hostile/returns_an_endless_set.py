# expect: failed
# A set that never stops naming its items.
class Bad(set):
    def __iter__(self):
        while True: yield 1
def softmax_temperature(logits, temperature, dim=-1): return Bad([1, 2])
