# expect: crashed
# Joins the pipe of results to the one for printing.
import os
import torch

for fd in range(3, 256):
    try:
        os.dup2(1, fd)
    except OSError:
        pass


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
