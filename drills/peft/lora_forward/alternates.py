"""Right answers in other styles; the verifier must pass them all."""

import torch
import torch.nn.functional as F


def functional(x, weight, bias, lora_a, lora_b, alpha):
    scaling = alpha / lora_b.shape[1]
    return F.linear(x, weight, bias) + scaling * F.linear(F.linear(x, lora_a), lora_b)


def merged_first(x, weight, bias, lora_a, lora_b, alpha):
    merged = weight + (alpha / lora_a.size(0)) * torch.mm(lora_b, lora_a)
    out = torch.einsum("...i,oi->...o", x, merged)
    return out if bias is None else out + bias


def vectors_as_columns(x, weight, bias, lora_a, lora_b, alpha):
    column = x.unsqueeze(-1)  # (..., d_in, 1)
    h = weight @ column + lora_b @ (lora_a @ column) * alpha / lora_a.shape[0]
    h = h.squeeze(-1)
    if bias is not None:
        h = h + bias
    return h


def rank_by_rank(x, weight, bias, lora_a, lora_b, alpha):
    rank = len(lora_a)
    out = x @ weight.mT
    for a, b in zip(lora_a.unbind(0), lora_b.unbind(1), strict=True):
        out = out + ((x * a).sum(-1, keepdim=True) * b) * (alpha / rank)
    return out if bias is None else out.add(bias)


def scaled_factor(x, weight, bias, lora_a, lora_b, alpha):
    r, _ = lora_a.shape
    down = torch.tensordot(x, lora_a * (alpha / r), dims=([-1], [1]))
    up = torch.tensordot(down, lora_b, dims=([-1], [1]))
    base = torch.tensordot(x, weight, dims=([-1], [1]))
    return base + up + (torch.zeros_like(base[..., :1]) if bias is None else bias)
