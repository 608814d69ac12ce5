import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    """Self-attention with `n_heads` heads over contiguous blocks of features."""

    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"{n_heads} heads do not divide a width of {d_model}")
        self.n_heads = n_heads
        self.head_dim = d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, d_model, bias=False)
        self.v_proj = nn.Linear(d_model, d_model, bias=False)
        self.o_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(
        self,
        x: Float[Tensor, "batch T d_model"],
        mask: Bool[Tensor, "..."] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "batch T d_model"]:
        seq_len = x.shape[1]
        q, k, v = (self._split(project(x)) for project in (self.q_proj, self.k_proj, self.v_proj))
        allowed = torch.ones(seq_len, seq_len, dtype=torch.bool, device=x.device)
        if causal:
            allowed = allowed.tril()
        if mask is not None:
            allowed = allowed & mask
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.head_dim)  # (batch, heads, T, T)
        scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1).masked_fill(~allowed, 0.0)
        merged = (weights @ v).transpose(1, 2).reshape(x.shape)  # (batch, T, d_model)
        return self.o_proj(merged)

    def _split(
        self, y: Float[Tensor, "batch T d_model"]
    ) -> Float[Tensor, "batch heads T head_dim"]:
        return y.view(*y.shape[:2], self.n_heads, self.head_dim).transpose(1, 2)
