# expect: time_limit | crashed
# SIGALRM would end an ordinary process.
import signal
import time


def softmax_temperature(logits, temperature, dim=-1):
    signal.alarm(1)
    time.sleep(3600)
