# expect: passed
# A right answer behind a stream whose flush never returns.
import sys
import torch


class Stuck:
    def write(self, text):
        return len(text)

    def flush(self):
        while True:
            pass


sys.stdout = Stuck()


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
