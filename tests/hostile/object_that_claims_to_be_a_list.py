# expect: failed
# Lies about its own type.
class Fake:
    __class__ = list
    def __iter__(self): return iter([1.0])
    def __len__(self): return 1
def softmax_temperature(logits, temperature, dim=-1): return Fake()
