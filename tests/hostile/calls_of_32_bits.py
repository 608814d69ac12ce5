# expect: crashed | runtime_error
# The entry that 32-bit programs use has other numbers.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

import mmap
code = bytes([0xb8, 2, 0, 0, 0, 0xcd, 0x80, 0xc3])  # mov eax, 2 (i386 fork); int 0x80; ret
m = mmap.mmap(-1, 4096, prot=7)
m.write(code)
f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
r = f()
if r < 0: raise OSError(-r, "refused")
print("FORKED", r)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
