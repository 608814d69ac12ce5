# expect: memory_limit | runtime_error
# Memory straight from the kernel.
import mmap


def softmax_temperature(logits, temperature, dim=-1):
    return mmap.mmap(-1, 64 << 30)
