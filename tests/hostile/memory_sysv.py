# expect: runtime_error
# System V shared memory outlives its process.
import ctypes


def softmax_temperature(logits, temperature, dim=-1):
    if ctypes.CDLL(None).shmget(0, 1 << 30, 0o1600) < 0:
        raise PermissionError("no segment")
