# expect: runtime_error
# Shared memory by name.
import multiprocessing.shared_memory


def softmax_temperature(logits, temperature, dim=-1):
    return multiprocessing.shared_memory.SharedMemory(create=True, size=1 << 30)
