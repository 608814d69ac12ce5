# expect: runtime_error
# Every way to start a process, past the C library.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

for number, args in [(57, ()), (58, ()), (56, (17, 0, 0, 0, 0)), (435, (0, 0)), (322, (0, 0, 0, 0, 0)), (59, (0, 0, 0))]:
    ctypes.set_errno(0)
    if libc.syscall(number, *args) >= 0: break
    if ctypes.get_errno() not in (1, 38): raise OSError(ctypes.get_errno(), f"call {number} got through: {os.strerror(ctypes.get_errno())}")
else:
    raise PermissionError("all refused")
print("ESCAPED", number)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
