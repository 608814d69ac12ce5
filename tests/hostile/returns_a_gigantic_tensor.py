# expect: output_limit | failed | memory_limit
# Expands from nothing to everything when it is copied.
import torch


def softmax_temperature(logits, temperature, dim=-1):
    return torch.ones(1).expand(1 << 34)
