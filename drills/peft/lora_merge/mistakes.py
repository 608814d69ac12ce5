"""Wrong answers that people really give. Each docstring explains the misconception."""

import torch


def scale_is_alpha(weight, lora_a, lora_b, alpha):
    """You scale by alpha. The scale is alpha / r: dividing by the rank keeps the size of the correction
    about the same when the rank changes."""
    return (weight + lora_b @ lora_a * alpha).to(weight.dtype)


def scale_left_out(weight, lora_a, lora_b, alpha):
    """You leave the scale out. The merged layer then differs from the one that was trained: multiply
    B A by alpha / r."""
    return (weight + lora_b @ lora_a).to(weight.dtype)


def scale_upside_down(weight, lora_a, lora_b, alpha):
    """You scale by r / alpha. It is alpha / r: a larger alpha makes the correction larger."""
    return (weight + lora_b @ lora_a * (lora_a.shape[0] / (alpha or 1))).to(weight.dtype)


def scale_by_root_of_rank(weight, lora_a, lora_b, alpha):
    """You scale by alpha / √r. That is rank-stabilised LoRA; the original divides by r."""
    return (weight + lora_b @ lora_a * (alpha / lora_a.shape[0] ** 0.5)).to(weight.dtype)


def integer_scale(weight, lora_a, lora_b, alpha):
    """You round the scale to a whole number (`//` or `int`). alpha 16 at rank 3 is 5.33, not 5: use
    true division."""
    return (weight + lora_b @ lora_a * (alpha // lora_a.shape[0])).to(weight.dtype)


def rank_from_the_wrong_axis(weight, lora_a, lora_b, alpha):
    """You divide by d_in. A is (r, d_in): the rank is its first axis."""
    return (weight + lora_b @ lora_a * (alpha / lora_a.shape[1])).to(weight.dtype)


def rank_from_the_output(weight, lora_a, lora_b, alpha):
    """You divide by d_out. B is (d_out, r): the rank is its last axis."""
    return (weight + lora_b @ lora_a * (alpha / lora_b.shape[0])).to(weight.dtype)


def rank_from_the_smallest_size(weight, lora_a, lora_b, alpha):
    """You take the smallest size for the rank. A rank may exceed a width of the layer: A is (r, d_in), so
    the rank is `lora_a.shape[0]`."""
    rank = min(*lora_a.shape, *lora_b.shape)
    return (weight + lora_b @ lora_a * (alpha / rank)).to(weight.dtype)


def factors_swapped(weight, lora_a, lora_b, alpha):
    """You multiply the factors transposed, Aᵀ Bᵀ, which is the transpose of B A. B (d_out, r) comes first."""
    product = lora_a.T @ lora_b.T
    scale = alpha / lora_a.shape[0]
    if product.shape != weight.shape:
        return product * scale
    return (weight + product * scale).to(weight.dtype)


def subtracts(weight, lora_a, lora_b, alpha):
    """You subtract the correction: that is unmerging. Merging adds it."""
    return (weight - lora_b @ lora_a * (alpha / lora_a.shape[0])).to(weight.dtype)


def correction_only(weight, lora_a, lora_b, alpha):
    """You return the correction without the weight. Merging gives the whole layer: add W."""
    return (lora_b @ lora_a * (alpha / lora_a.shape[0])).to(weight.dtype)


def scales_the_weight(weight, lora_a, lora_b, alpha):
    """You scale the weight as well. Only the correction is multiplied by alpha / r."""
    return ((weight + lora_b @ lora_a) * (alpha / lora_a.shape[0])).to(weight.dtype)


def merges_in_place(weight, lora_a, lora_b, alpha):
    """You change the base weight in place. Merge twice, or merge another adapter, and it is lost; return a
    new tensor."""
    with torch.no_grad():
        weight += (lora_b @ lora_a * (alpha / lora_a.shape[0])).to(weight.dtype)
    return weight


def dtype_promoted(weight, lora_a, lora_b, alpha):
    """You let PyTorch promote: a BF16 weight plus FP32 factors comes back as FP32 and the checkpoint doubles
    in size. Convert the result to the weight's dtype."""
    return weight + lora_b @ lora_a * (alpha / lora_a.shape[0])


def dtype_of_the_adapter(weight, lora_a, lora_b, alpha):
    """You return the adapter's dtype. The merged weight replaces the base weight, so it keeps that one's."""
    return (weight + lora_b @ lora_a * (alpha / lora_a.shape[0])).to(lora_a.dtype)


def same_dtype_only(weight, lora_a, lora_b, alpha):
    """You add with an operation that insists on one dtype (`torch.addmm`). The weight is often BF16 and the
    adapter FP32; convert first."""
    return torch.addmm(weight, lora_b, lora_a, alpha=alpha / lora_a.shape[0])


def always_float32(weight, lora_a, lora_b, alpha):
    """You merge in float32 whatever comes in. The weight's dtype is kept, and float64 keeps its digits."""
    return weight.float() + lora_b.float() @ lora_a.float() * (alpha / lora_a.shape[0])


def scale_times_rank(weight, lora_a, lora_b, alpha):
    """You multiply by the rank. The scale is alpha divided by r, so that a higher rank does not make the
    correction larger."""
    return (weight + lora_b @ lora_a * (alpha * lora_a.shape[0])).to(weight.dtype)


def alpha_left_out(weight, lora_a, lora_b, alpha):
    """You divide by the rank and forget alpha. The scale is alpha / r."""
    return (weight + lora_b @ lora_a / lora_a.shape[0]).to(weight.dtype)


def returns_the_weight_itself(weight, lora_a, lora_b, alpha):
    """Where the adapter does nothing you return the weight itself. The caller was promised a new tensor:
    whoever changes the merged weight would change the base weight."""
    if not alpha or not lora_b.any():
        return weight
    return (weight + lora_b @ lora_a * (alpha / lora_a.shape[0])).to(weight.dtype)
