# expect: runtime_error
# Expected values never enter this process.
import gc
import torch

for item in gc.get_objects():
    name = str(getattr(item, "__module__", ""))
    if name.endswith((".reference", ".alternates", ".mistakes")):
        break
else:
    raise LookupError("no answer in memory")


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
