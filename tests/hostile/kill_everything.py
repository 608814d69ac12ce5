# expect: crashed | runtime_error
# -1 means every process one may signal.
import os
import signal
import torch

os.kill(-1, signal.SIGKILL)


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
