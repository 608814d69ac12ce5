import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def scaled_dot_product_attention(
    q: Float[Tensor, "... T d"],
    k: Float[Tensor, "... S d"],
    v: Float[Tensor, "... S d_v"],
    mask: Bool[Tensor, "..."] | None = None,
    causal: bool = False,
) -> Float[Tensor, "... T d_v"]:
    """softmax(q kᵀ / √d) v over the pairs that the masks allow (True = may attend)."""
    n_queries, n_keys = q.shape[-2], k.shape[-2]
    allowed = torch.ones(n_queries, n_keys, dtype=torch.bool, device=q.device)
    if causal:
        allowed = allowed.tril(n_keys - n_queries)  # the last query lines up with the last key
    if mask is not None:
        allowed = allowed & mask  # (..., T, S)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (..., T, S)
    # A finite low score instead of −inf: a row with no key then has no nan, forwards or backwards.
    scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    weights = scores.softmax(dim=-1).masked_fill(~allowed, 0.0)
    return weights @ v  # (..., T, d_v)
