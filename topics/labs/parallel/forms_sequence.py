"""Attention over a sequence that is cut across ranks: Ulysses and ring attention, in NumPy.

Each rank holds seq / n of the tokens as `q`, `k`, `v` of shape (heads, seq / n, head_dim), softmax
attention without a mask. Both return this rank's tokens of the output, in the same shape.
"""

from __future__ import annotations

import numpy as np

from topics.labs.parallel.forms import FloatArray, Wire, all_to_all


def attention(q: FloatArray, k: FloatArray, v: FloatArray) -> FloatArray:
    """softmax(q kᵀ / √head_dim) v on one process: (heads, seq, head_dim)."""
    scores = _scores(q, k)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(weights @ v / weights.sum(axis=-1, keepdims=True), dtype=np.float64)


def ulysses_attention(wire: Wire, q: FloatArray, k: FloatArray, v: FloatArray) -> FloatArray:
    """All-to-alls swap "my tokens, all heads" for "all tokens, my heads" (Jacobs et al. 2023)."""
    mine = attention(*(_to_heads(wire, part) for part in (q, k, v)))  # (heads / n, seq, head_dim)
    return _to_tokens(wire, mine)


def ring_attention(wire: Wire, q: FloatArray, k: FloatArray, v: FloatArray) -> FloatArray:
    """Keys and values go round, and the softmax is summed up block by block (Liu et al. 2023).

    Kept per query: the largest score so far, the sum of exponentials, the weighted values.
    """
    n, rank = wire.n_ranks, wire.rank
    top = np.full((*q.shape[:2], 1), -np.inf)  # (heads, seq / n, 1)
    total, out = np.zeros_like(top), np.zeros_like(q)
    block = np.stack([k, v])  # (2, heads, seq / n, head_dim)
    for step in range(n):
        scores = _scores(q, block[0])
        higher = np.maximum(top, scores.max(axis=-1, keepdims=True))
        weights, shrink = np.exp(scores - higher), np.exp(top - higher)
        total = total * shrink + weights.sum(axis=-1, keepdims=True)
        out = out * shrink + weights @ block[1]
        top = higher
        if step < n - 1:
            wire.send((rank + 1) % n, block)
            block = wire.receive((rank - 1) % n, block.shape)
    return np.asarray(out / total, dtype=np.float64)


def _scores(q: FloatArray, k: FloatArray) -> FloatArray:
    return np.asarray(q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]), dtype=np.float64)


def _to_heads(wire: Wire, part: FloatArray) -> FloatArray:
    """(heads, seq / n, head_dim) → (heads / n, seq, head_dim)."""
    arrived = all_to_all(wire, np.stack(np.split(part, wire.n_ranks)))  # by rank: its tokens
    return np.concatenate(list(arrived), axis=1)


def _to_tokens(wire: Wire, part: FloatArray) -> FloatArray:
    """(heads / n, seq, head_dim) → (heads, seq / n, head_dim)."""
    arrived = all_to_all(wire, np.stack(np.split(part, wire.n_ranks, axis=1)))  # by rank: its heads
    return np.concatenate(list(arrived))
