import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    """Self-attention with `n_heads` heads over contiguous blocks of features."""

    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        raise NotImplementedError

    def forward(
        self,
        x: Float[Tensor, "batch T d_model"],
        mask: Bool[Tensor, "..."] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "batch T d_model"]:
        raise NotImplementedError
