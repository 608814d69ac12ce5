# expect: runtime_error
# A file in memory escapes the limit on address space.
import os


def softmax_temperature(logits, temperature, dim=-1):
    fd = os.memfd_create("big")
    while True:
        os.write(fd, bytes(1 << 20))
