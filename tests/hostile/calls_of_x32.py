# expect: crashed | runtime_error
# The numbers of a third way to call the kernel.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

r = libc.syscall(0x40000000 + 57)
if r < 0: raise OSError(ctypes.get_errno(), "refused")
print("FORKED", r)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
