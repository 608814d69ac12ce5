"""Keys on memory: what training holds per parameter, what a KV cache takes."""

from __future__ import annotations

import random
from typing import Any

from question_bank.keys import Key


def adam_mixed_precision_bytes(n_params: float) -> Key:
    """Bytes of weights, gradients and optimiser before activations; mixed precision with Adam.

    2 (half-precision weight) + 2 (gradient) + 4 (FP32 master) + 4 + 4 (Adam's two moments) = 16
    bytes per parameter: Rajbhandari et al. 2019, arXiv 1910.02054, section 3.1.
    """
    return Key(n_params * (2 + 2 + 4 + 4 + 4), {"n_params": n_params})


def draw_gqa_model(rng: random.Random) -> dict[str, Any]:
    """A decoder with grouped-query attention, a batch and a context length."""
    n_kv_heads = rng.choice([2, 4, 8])
    return {
        "n_layers": rng.choice([16, 24, 28, 32, 36, 40, 48, 64, 80]),
        "n_heads": n_kv_heads * rng.choice([3, 4, 5, 7, 8]),
        "n_kv_heads": n_kv_heads,
        "head_dim": rng.choice([64, 96, 128]),
        "seq_len": rng.choice([2048, 4096, 8192, 16384, 32768]),
        "batch": rng.choice([4, 6, 8, 12, 16, 24, 32]),
    }


def kv_cache_bytes(
    n_layers: int,
    n_kv_heads: int,
    head_dim: int,
    seq_len: int,
    batch: int,
    bytes_per_value: float = 2,
) -> Key:
    """Bytes of a KV cache: 2 (K and V) x layers x KV heads x width x tokens x batch x bytes.

    Shazeer 2019, arXiv 1911.02150 (multi-query); Ainslie et al. 2023, arXiv 2305.13245 (GQA).
    """
    per_token = 2 * n_layers * n_kv_heads * head_dim * bytes_per_value
    total = per_token * seq_len * batch
    return Key(total, {"per_token": per_token, "per_sequence": per_token * seq_len})


def kv_cache_keys_only(
    n_layers: int, n_kv_heads: int, head_dim: int, seq_len: int, batch: int
) -> float:
    """The mistake of counting keys and forgetting values."""
    return kv_cache_bytes(n_layers, n_kv_heads, head_dim, seq_len, batch, 1).value


def kv_cache_all_heads(
    n_layers: int, n_heads: int, head_dim: int, seq_len: int, batch: int
) -> float:
    """The mistake of counting query heads, as if there were no grouping."""
    return kv_cache_bytes(n_layers, n_heads, head_dim, seq_len, batch).value


def kv_cache_one_sequence(n_layers: int, n_kv_heads: int, head_dim: int, seq_len: int) -> float:
    """The mistake of forgetting the batch."""
    return kv_cache_bytes(n_layers, n_kv_heads, head_dim, seq_len, 1).value


def kv_cache_one_layer(n_kv_heads: int, head_dim: int, seq_len: int, batch: int) -> float:
    """The mistake of counting one layer."""
    return kv_cache_bytes(1, n_kv_heads, head_dim, seq_len, batch).value


def kv_cache_formula(L: int, h: int, d: int, s: int, b: int, w: int) -> float:
    """`kv_cache_bytes` under the symbols of the formula question; w is 1, 2 or 4 bytes."""
    if w not in (1, 2, 4):
        raise ValueError("a cached value takes 1, 2 or 4 bytes")
    return kv_cache_bytes(L, h, d, s, b, w).value
