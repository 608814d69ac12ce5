"""Ring all-reduce, step by step: who holds the sum of whose chunks, and what has been sent.

First a reduce-scatter, n - 1 steps after which every rank owns one finished chunk; then an
all-gather, n - 1 steps that pass the finished chunks round. Source: Patarasuk and Yuan, 2009.
"""

from __future__ import annotations

Contributions = list[list[frozenset[int]]]  # [rank][chunk]: whose data is summed in there


def sent_chunk(rank: int, step: int, n_ranks: int) -> int:
    """The chunk that `rank` passes to `rank + 1` in a step; steps count from 0 to 2n - 3."""
    if step < n_ranks - 1:
        return (rank - step) % n_ranks
    return (rank + 1 - (step - (n_ranks - 1))) % n_ranks


def after(n_steps: int, n_ranks: int) -> Contributions:
    """What every rank holds after so many steps."""
    held: Contributions = [[frozenset({rank})] * n_ranks for rank in range(n_ranks)]
    for step in range(min(n_steps, 2 * (n_ranks - 1))):
        reducing = step < n_ranks - 1
        sent = [sent_chunk(rank, step, n_ranks) for rank in range(n_ranks)]
        parcels = [held[rank][sent[rank]] for rank in range(n_ranks)]
        for rank in range(n_ranks):
            chunk, parcel = sent[rank - 1], parcels[rank - 1]
            held[rank][chunk] = held[rank][chunk] | parcel if reducing else parcel
    return held


def bytes_sent_per_rank(n_steps: int, n_ranks: int, payload: float) -> float:
    """Bytes that one rank has sent after so many steps: one chunk, payload / n, a step."""
    return min(n_steps, 2 * (n_ranks - 1)) * payload / n_ranks


def seconds(n_ranks: int, payload: float, bandwidth: float, latency: float = 0.0) -> float:
    """Time of the whole all-reduce: 2(n - 1) steps of latency + (payload / n) / bandwidth."""
    return 2 * (n_ranks - 1) * (latency + payload / n_ranks / bandwidth)
