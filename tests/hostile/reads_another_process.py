# expect: runtime_error
# process_vm_readv copies from another process's memory.
import ctypes
import torch

libc = ctypes.CDLL(None)
if libc.process_vm_readv(1, None, 0, None, 0, 0) < 0:
    raise PermissionError("no reading")


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
