# expect: failed | runtime_error | crashed
# Has a timer send SIGKILL to other threads.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

class Ev(ctypes.Structure):
    _fields_ = [("v", ctypes.c_void_p), ("signo", ctypes.c_int), ("notify", ctypes.c_int), ("tid", ctypes.c_int), ("pad", ctypes.c_char * 44)]
for tid in (1, os.getpid(), os.getppid()):
    ev = Ev(None, 9, 4, tid)
    timer = ctypes.c_int()
    print(libc.syscall(222, 1, ctypes.byref(ev), ctypes.byref(timer)))
    spec = (ctypes.c_long * 4)(0, 1, 0, 1)
    libc.syscall(223, timer, 0, spec, None)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
