# expect: memory_limit
# Tensors of 64 MiB until there is no more.
import torch


def softmax_temperature(logits, temperature, dim=-1):
    kept = []
    while True:
        kept.append(torch.empty(16 << 20))
