# expect: crashed | runtime_error
# Freezes the resident process, so that nobody else is judged.
import os
import signal


def softmax_temperature(logits, temperature, dim=-1):
    os.kill(os.getppid(), signal.SIGSTOP)
    raise RuntimeError('still here')
