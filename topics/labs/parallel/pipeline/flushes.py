"""Schedules that run every forward before the first backward: GPipe and looped breadth-first."""

from __future__ import annotations

import numpy as np

from topics.labs.parallel.pipeline.ops import IntArray, Kind, Shape


def gpipe(shape: Shape) -> list[IntArray]:
    """GPipe (Huang et al. 2019): all forwards, then all backwards, micro-batches in order."""
    micro_batches = np.arange(shape.n_micro_batches)
    return [
        np.concatenate(
            [shape.encode(kind, rank, micro_batches) for kind in (Kind.FORWARD, Kind.BACKWARD)]
        )
        for rank in range(shape.n_ranks)
    ]


def looped_bfs(shape: Shape) -> list[IntArray]:
    """Breadth-first looping (Lamy-Poirier 2023): all micro-batches through a chunk, then the next.

    Backwards run in the reverse of the forwards' order.
    """
    return [_looped_rank(shape, rank) for rank in range(shape.n_ranks)]


def _looped_rank(shape: Shape, rank: int) -> IntArray:
    micro_batches = np.arange(shape.n_micro_batches)
    stages = [shape.stage(rank, chunk) for chunk in range(shape.n_chunks)]
    forwards = [shape.encode(Kind.FORWARD, stage, micro_batches) for stage in stages]
    backwards = [
        shape.encode(Kind.BACKWARD, stage, micro_batches[::-1]) for stage in reversed(stages)
    ]
    return np.concatenate(forwards + backwards)
