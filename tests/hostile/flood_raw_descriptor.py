# expect: output_limit
# Around Python's own buffers.
import os


def softmax_temperature(logits, temperature, dim=-1):
    while True:
        os.write(1, b'x' * 65536)
