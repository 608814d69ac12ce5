# expect: runtime_error | memory_limit
# Starts threads until the system says no.
import threading
import time
import torch

threading.stack_size(32768)
while True:
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
