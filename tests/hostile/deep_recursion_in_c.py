# expect: crashed
# Without the interpreter's guard the stack itself overflows.
import sys

sys.setrecursionlimit(10**9)


class Mirror:
    def __repr__(self):
        return repr([self])


def softmax_temperature(logits, temperature, dim=-1):
    return repr(Mirror())
