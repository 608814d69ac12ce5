import torch
from jaxtyping import Float
from torch import Tensor


def layer_norm(
    x: Float[Tensor, "... d"],
    weight: Float[Tensor, "d"],
    bias: Float[Tensor, "d"],
    eps: float = 1e-5,
) -> Float[Tensor, "... d"]:
    """Mean 0 and population variance 1 over the last axis, then scale and shift each feature."""
    raise NotImplementedError
