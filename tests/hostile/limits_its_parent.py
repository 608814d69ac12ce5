# expect: runtime_error
# A CPU limit of zero would kill the resident process.
import os
import resource
import torch

resource.prlimit(os.getppid() or 1, resource.RLIMIT_NOFILE, (4, 4))


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
