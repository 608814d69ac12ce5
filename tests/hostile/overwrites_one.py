# expect: crashed | failed | runtime_error
# The number 1 becomes 0 for everybody.
import ctypes
ctypes.c_uint32.from_address(id(1) + 24).value = 0

def softmax_temperature(logits, temperature, dim=-1):
    return logits
