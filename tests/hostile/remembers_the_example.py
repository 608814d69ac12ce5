# expect: failed
# Knows the statement's example by heart, and nothing else.
import torch


def softmax_temperature(logits, temperature, dim=-1):
    return torch.tensor([0.0159, 0.1173, 0.8668])
