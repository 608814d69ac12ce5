# expect: runtime_error
# Tokens often live in environment variables.
import os
import torch

private = [name for name in os.environ if "TOKEN" in name or "KEY" in name or "WHETSTONE" in name]
if not private and os.environ.get("HOME") in (None, "/tmp"):
    raise KeyError("nothing private")


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
