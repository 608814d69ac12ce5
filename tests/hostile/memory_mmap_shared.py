# expect: memory_limit | runtime_error
# Shared anonymous memory is not private data to some limits.
import mmap


def softmax_temperature(logits, temperature, dim=-1):
    kept = []
    while True:
        kept.append(mmap.mmap(-1, 256 << 20, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS))
