# expect: crashed | runtime_error | failed
# Nothing works without isinstance and len.
import builtins

del builtins.isinstance, builtins.len, builtins.getattr


def softmax_temperature(logits, temperature, dim=-1):
    return logits
