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
    """softmax(q kᵀ / √d) v over the pairs that the masks allow (True = may attend).

    Causal: query i sees key j when j ≤ i + (S − T). A query with no key gives zeros.
    """
    raise NotImplementedError
