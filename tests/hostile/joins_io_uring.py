# expect: runtime_error
# io_uring does work that a system-call filter does not see.
import ctypes
import torch

if ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(256)) < 0:
    raise PermissionError("no ring")


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
