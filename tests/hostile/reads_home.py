# expect: runtime_error
# Looks for keys in every home folder it can think of.
from pathlib import Path
import torch

seen = [
    path
    for home in (Path("/root"), *Path("/home").glob("*"), *Path("/Users").glob("*"))
    for path in (home / ".ssh", home / ".bashrc", home / ".profile", home / ".config")
    if path.exists()
]
if not seen:
    raise FileNotFoundError("no home")


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
