import torch
from jaxtyping import Float, Int
from torch import Tensor


def apply_rope(
    x: Float[Tensor, "... seq head_dim"],
    positions: Int[Tensor, "..."],
    base: float = 10000.0,
    interleaved: bool = False,
) -> Float[Tensor, "... seq head_dim"]:
    """Turn each pair of features by position × base^(−2i / head_dim)."""
    head_dim = x.shape[-1]
    if head_dim % 2 != 0:
        raise ValueError(f"head_dim must be even to form pairs, got {head_dim}")
    half = head_dim // 2
    wide = torch.promote_types(x.dtype, torch.float32)  # angles never in half precision
    pair = torch.arange(half, dtype=wide, device=x.device)
    angles = positions[..., None].to(wide) * base ** (-2 * pair / head_dim)  # (..., seq, half)
    cos, sin = angles.cos(), angles.sin()
    if interleaved:
        a, b = x[..., 0::2], x[..., 1::2]
    else:
        a, b = x[..., :half], x[..., half:]
    turned = (a * cos - b * sin, a * sin + b * cos)
    if interleaved:
        return torch.stack(turned, dim=-1).flatten(-2).to(x.dtype)
    return torch.cat(turned, dim=-1).to(x.dtype)
