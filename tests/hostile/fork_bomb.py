# expect: runtime_error
# Forks without end.
import os


def softmax_temperature(logits, temperature, dim=-1):
    while True:
        os.fork()
