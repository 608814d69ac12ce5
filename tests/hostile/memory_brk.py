# expect: runtime_error | memory_limit
# Asks the kernel for memory behind the allocator's back.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

libc.sbrk.restype = ctypes.c_void_p
libc.sbrk.argtypes = [ctypes.c_ssize_t]
n = 0
while n < 64:
    p = libc.sbrk(1 << 27)
    if p in (None, 2**64 - 1): break
    n += 1
print("sbrk", n)
if n < 64: raise OSError("refused after %d" % n)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
