# expect: crashed
# SIGKILL in the middle of a check.
import os
import signal


def softmax_temperature(logits, temperature, dim=-1):
    os.kill(os.getpid(), signal.SIGKILL)
