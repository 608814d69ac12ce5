"""What attention costs: floating-point operations per token, and bytes of KV cache per token."""

from __future__ import annotations

from dataclasses import dataclass

MLA_LATENT = 512
MLA_ROPE = 64


@dataclass(frozen=True)
class CacheShape:
    """The sizes that decide a KV cache. `bytes_per_value`: 2 for FP16 or BF16, 1 for FP8."""

    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    bytes_per_value: int

    def per_token(self) -> dict[str, int]:
        """Bytes of cache per token and sequence, by variant.

        MLA as in DeepSeek-V2 (arXiv:2405.04434): one latent of 512 and one shared rotary key of 64
        per layer, whatever the number of heads.
        """
        per_head = 2 * self.n_layers * self.head_dim * self.bytes_per_value
        return {
            "MHA": per_head * self.n_heads,
            "GQA": per_head * self.n_kv_heads,
            "MQA": per_head,
            "MLA": self.n_layers * (MLA_LATENT + MLA_ROPE) * self.bytes_per_value,
        }


@dataclass(frozen=True)
class LayerFlops:
    """FLOP per token of one layer of width d_model; a multiplication and an addition count as 2."""

    d_model: int

    @property
    def feed_forward(self) -> int:
        """Two matrices of d × 4d (or three of d × 8d/3, as in SwiGLU): 8 d² weights."""
        return 16 * self.d_model**2

    @property
    def projections(self) -> int:
        """q, k, v and output: 4 d² weights, as in multi-head attention."""
        return 8 * self.d_model**2

    def scores(self, keys: float) -> float:
        """q·k and the sum of values over this many keys, all heads together."""
        return 4 * keys * self.d_model


def keys_seen(seq_len: float, causal: bool, window: int | None) -> float:
    """Keys that a query computes with, averaged over a prompt of seq_len tokens.

    With a causal mask that a kernel exploits, the query at position t has t keys, at most `window`.
    """
    if not causal:
        return seq_len
    if window is None or seq_len <= window:
        return (seq_len + 1) / 2
    return (window * (window + 1) / 2 + (seq_len - window) * window) / seq_len
