# expect: runtime_error
# Nor do they lie in any caller's variables.
import sys
import torch

frame, seen = sys._getframe(), []
while frame:
    seen += [name for name in frame.f_locals if name in ("reference", "expected", "native", "exact")]
    frame = frame.f_back
if not seen:
    raise LookupError("no answer on the stack")


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
