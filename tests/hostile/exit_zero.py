# expect: crashed
# Looks like success to anyone who trusts an exit status.
import os


def softmax_temperature(logits, temperature, dim=-1):
    os._exit(0)
