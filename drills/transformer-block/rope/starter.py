import torch
from jaxtyping import Float, Int
from torch import Tensor


def apply_rope(
    x: Float[Tensor, "... seq head_dim"],
    positions: Int[Tensor, "..."],
    base: float = 10000.0,
    interleaved: bool = False,
) -> Float[Tensor, "... seq head_dim"]:
    """Turn each pair of features by position × base^(−2i / head_dim).

    Pairs are (i, i + head_dim/2), or (2i, 2i + 1) when interleaved. Odd head_dim: ValueError.
    """
    raise NotImplementedError
