# expect: failed | crashed
# Whoever unpickles this runs it.
import os


class Trap:
    def __reduce__(self):
        return os.system, ("touch /tmp/owned",)


def softmax_temperature(logits, temperature, dim=-1):
    return Trap()
