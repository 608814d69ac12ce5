"""Right answers in other styles; the verifier must pass them all."""

import torch


def einsum(weight, lora_a, lora_b, alpha):
    delta = torch.einsum("or,ri->oi", lora_b, lora_a).mul(alpha).div(lora_b.shape[1])
    return torch.add(weight, delta).type(weight.dtype)


def in_double(weight, lora_a, lora_b, alpha):
    wide = weight.double() + (alpha / len(lora_a)) * (lora_b.double() @ lora_a.double())
    return wide.to(weight.dtype)


def rank_one_updates(weight, lora_a, lora_b, alpha):
    merged = weight.clone().to(torch.promote_types(weight.dtype, lora_a.dtype))
    rank = lora_a.shape[0]
    for i in range(rank):
        merged += torch.outer(lora_b[:, i], lora_a[i]) * (alpha / rank)
    return merged.to(weight.dtype)


def scaled_factor(weight, lora_a, lora_b, alpha):
    r = lora_b.size(-1)
    scaled = lora_b * (alpha / r)
    return (weight.to(scaled.dtype) + scaled.matmul(lora_a)).to(weight)


@torch.no_grad()
def rounded_correction(weight, lora_a, lora_b, alpha):
    # What peft does: the correction is converted first and added in the weight's dtype.
    return weight + (lora_b @ lora_a * alpha / lora_a.shape[0]).to(weight.dtype)
