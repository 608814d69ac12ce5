# expect: crashed | time_limit
# A frozen process must not wait for anybody.
import os
import signal


def softmax_temperature(logits, temperature, dim=-1):
    os.kill(os.getpid(), signal.SIGSTOP)
