# expect: runtime_error
# The raw disk below every file.
from pathlib import Path
import torch

disks = [path for path in Path("/dev").glob("*") if path.is_block_device()]
disks[0].open("rb").read(512)


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
