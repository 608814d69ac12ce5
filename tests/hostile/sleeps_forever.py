# expect: time_limit
# Uses no CPU time at all.
import time


def softmax_temperature(logits, temperature, dim=-1):
    time.sleep(1e6)
