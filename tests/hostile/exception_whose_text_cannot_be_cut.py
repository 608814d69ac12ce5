# expect: runtime_error
# The text is a subclass that ignores slices.
class S(str):
    def __getitem__(self, k): return self
    def __len__(self): return 10**9
class E(Exception):
    def __str__(self): return S("x" * 1_000_000)
def softmax_temperature(logits, temperature, dim=-1): raise E
