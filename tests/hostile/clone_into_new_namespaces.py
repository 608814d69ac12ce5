# expect: runtime_error
# A user namespace of its own would make it root there.
import ctypes
import torch

NEWUSER, NEWNS = 0x10000000, 0x00020000
if ctypes.CDLL(None).unshare(NEWUSER | NEWNS) != 0:
    raise PermissionError("no namespace")


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
