# expect: runtime_error
# Tensors shared between processes.
import torch


def softmax_temperature(logits, temperature, dim=-1):
    return torch.ones(1 << 20).share_memory_()
