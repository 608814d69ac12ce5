# expect: output_limit
# The same on the other stream.
import sys


def softmax_temperature(logits, temperature, dim=-1):
    while True:
        sys.stderr.write('never ' * 100)
