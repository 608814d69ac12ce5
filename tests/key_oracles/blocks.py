"""Keys on the parts of a block, from torch's own modules."""

import torch
from torch import nn


def swiglu_width(d, m):
    """Weights of the old block, over those that one hidden unit of a gated block has."""

    def weights(*shapes):
        return sum(nn.Linear(*s, bias=False, device="meta").weight.numel() for s in shapes)

    return weights((d, m * d), (m * d, d)) / weights((d, 1), (d, 1), (1, d))


def rms_norm_entry(x, gain):
    row = torch.tensor(x, dtype=torch.float64)
    weight = torch.full_like(row, gain)
    return float(nn.functional.rms_norm(row, row.shape, weight, eps=0.0)[0])
