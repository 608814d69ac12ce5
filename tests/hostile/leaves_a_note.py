# expect: passed
# A right answer, but only if /tmp was empty: what it leaves must be gone next time.
import os
import torch

if os.listdir("/tmp"):
    raise RuntimeError("somebody was here before")
with open("/tmp/note", "w") as note:
    note.write("the answer is 42")


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
