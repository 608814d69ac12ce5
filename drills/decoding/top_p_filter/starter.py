import torch
from jaxtyping import Float
from torch import Tensor


def top_p_filter(logits: Float[Tensor, "... vocab"], p: float) -> Float[Tensor, "... vocab"]:
    """Keep the smallest set of tokens whose probability reaches p; the others become −inf.

    Raises ValueError unless 0 < p ≤ 1.
    """
    raise NotImplementedError
