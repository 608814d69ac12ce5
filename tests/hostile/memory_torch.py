# expect: memory_limit
# One large tensor.
import torch


def softmax_temperature(logits, temperature, dim=-1):
    return torch.ones(1 << 33)
