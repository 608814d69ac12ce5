# expect: crashed
# Tears the type out of None, under the interpreter's feet.
import ctypes


def softmax_temperature(logits, temperature, dim=-1):
    ctypes.memset(id(None), 0, 16)
    return None
