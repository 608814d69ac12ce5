# expect: crashed
# Reads address zero.
import ctypes


def softmax_temperature(logits, temperature, dim=-1):
    return ctypes.string_at(0)
