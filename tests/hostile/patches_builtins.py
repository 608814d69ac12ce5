# expect: failed | crashed | runtime_error
# all() and any() that say yes.
import builtins

builtins.all = lambda items: True
builtins.any = lambda items: False
builtins.abs = lambda value: 0
builtins.max = lambda *a, **k: 0


def softmax_temperature(logits, temperature, dim=-1):
    return logits
