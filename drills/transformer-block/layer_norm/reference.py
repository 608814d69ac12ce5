from jaxtyping import Float
from torch import Tensor


def layer_norm(
    x: Float[Tensor, "... d"],
    weight: Float[Tensor, "d"],
    bias: Float[Tensor, "d"],
    eps: float = 1e-5,
) -> Float[Tensor, "... d"]:
    """Mean 0 and population variance 1 over the last axis, then scale and shift each feature."""
    centred = x - x.mean(-1, keepdim=True)  # (..., d)
    variance = (centred**2).mean(-1, keepdim=True)  # (..., 1)
    return centred / (variance + eps).sqrt() * weight + bias
