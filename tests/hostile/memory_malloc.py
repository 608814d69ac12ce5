# expect: runtime_error
# malloc without Python noticing; the answer none is a null pointer.
import ctypes


def softmax_temperature(logits, temperature, dim=-1):
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    while libc.malloc(64 << 20):
        pass
    raise RuntimeError("no more memory")
