"""Attention in NumPy, small enough to read: scores, masks, softmax, and a sentence to try."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TOKENS = ("the", "cat", "sat", "down", "because", "it", "was", "tired", "<pad>", "<pad>")
N_PADDING = 2
WIDEST = 256
MASKS = ("none", "causal", "prefix", "sliding window")


@functools.cache
def _random_projections() -> tuple[Array, Array]:
    """Queries and keys as at initialisation: independent, mean 0, variance 1; (T, WIDEST) each."""
    rng = np.random.default_rng(7)
    return rng.standard_normal((len(TOKENS), WIDEST)), rng.standard_normal((len(TOKENS), WIDEST))


def queries_and_keys(head_dim: int) -> tuple[Array, Array]:
    """q and k, (T, head_dim) each. "it" has learned to look for "cat", as a trained head might.

    Its query holds 3/√head_dim of the key of "cat", which adds about 3 to the scaled score at
    any width.
    """
    q, k = (x[:, :head_dim].copy() for x in _random_projections())
    q[TOKENS.index("it")] += 3.0 / np.sqrt(head_dim) * k[TOKENS.index("cat")]
    return q, k


def mask(kind: str, size: int, hide_padding: bool) -> Mask:
    """True where a query (row) may attend to a key (column), (T, T).

    `size` is the length of the prefix, or the number of keys that a sliding window spans with the
    query's own.
    """
    query, key = np.indices((len(TOKENS), len(TOKENS)))
    causal = key <= query
    keep = {
        "none": np.ones_like(causal),
        "causal": causal,
        "prefix": causal | (key < size),
        "sliding window": causal & (query - key < size),
    }[kind]
    if hide_padding:
        keep = keep & (key < len(TOKENS) - N_PADDING)
    return keep


def softmax(scores: Array) -> Array:
    """Softmax over the last axis; a row of only −inf gives zeros."""
    top = scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    total = weights.sum(axis=-1, keepdims=True)
    return np.asarray(weights / np.where(total > 0, total, 1.0))


def attention_weights(q: Array, k: Array, keep: Mask, scaled: bool) -> Array:
    """softmax(q kᵀ / √d) under the mask, (T, T)."""
    scores = q @ k.T
    if scaled:
        scores = scores / np.sqrt(q.shape[-1])
    return softmax(np.where(keep, scores, -np.inf))


def entropy_bits(weights: Array) -> Array:
    """Entropy of each row, (T,)."""
    logs = np.log2(weights, out=np.zeros_like(weights), where=weights > 0)
    return np.asarray(-(weights * logs).sum(axis=-1))
