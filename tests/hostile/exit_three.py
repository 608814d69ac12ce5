# expect: crashed
# An exit status of its own choosing.
import os


def softmax_temperature(logits, temperature, dim=-1):
    os._exit(3)
