# expect: runtime_error
# Leaves something where the learner's shell would run it.
from pathlib import Path
import torch

for home in ("/root", "/home"):
    Path(home, ".bashrc").write_text("echo owned")


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
