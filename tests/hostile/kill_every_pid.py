# expect: runtime_error | crashed
# Tries one process number after another.
import os
import signal


def softmax_temperature(logits, temperature, dim=-1):
    reached = 0
    for pid in range(2, 40000):
        try:
            os.kill(pid, signal.SIGKILL)
            reached += 1
        except OSError:
            continue
    raise RuntimeError(f"reached {reached}")
