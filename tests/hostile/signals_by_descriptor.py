# expect: runtime_error
# Has the kernel send a signal when a pipe has news.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

import fcntl
r, w = os.pipe()
for pid in (os.getppid(), -1, 1, os.getpid()):
    fcntl.fcntl(r, fcntl.F_SETOWN, pid)
    fcntl.fcntl(r, 10, 9)
    fcntl.fcntl(r, fcntl.F_SETFL, fcntl.fcntl(r, fcntl.F_GETFL) | os.O_ASYNC)
    os.write(w, b"x")

def softmax_temperature(logits, temperature, dim=-1):
    return logits
