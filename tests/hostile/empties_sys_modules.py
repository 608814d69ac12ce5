# expect: crashed | runtime_error | failed
# Every import finds nothing.
import sys


def softmax_temperature(logits, temperature, dim=-1):
    sys.modules.clear()
    return logits
