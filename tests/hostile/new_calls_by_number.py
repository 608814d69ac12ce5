# expect: runtime_error
# System calls that are younger than the filter's library.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

for number, args in [(428, (-100, 0, 0)), (430, (0, 0)), (442, (0, 0, 0, 0, 0)), (429, (0, 0, 0, 0, 0)), (457, (0, 0, 0, 0)), (458, (0, 0, 0, 0)), (467, (0, 0, 0, 0, 0)), (433, (0, 0, 0)), (304, (0, 0, 0)), (303, (0, 0, 0, 0, 0))]:
    ctypes.set_errno(0)
    if libc.syscall(number, *args) >= 0: break
    if ctypes.get_errno() not in (1, 38): raise OSError(ctypes.get_errno(), f"call {number} got through: {os.strerror(ctypes.get_errno())}")
else:
    raise PermissionError("all refused")
print("ESCAPED", number)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
