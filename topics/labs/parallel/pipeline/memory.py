"""How much each rank keeps, and when: micro-batches in flight and bytes over time.

A forward allocates its activations when it starts. A full backward frees them when it ends. A
split backward frees most at the end of the input gradient and the rest, `held_fraction`, at the
end of the weight gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from topics.labs.parallel.pipeline.engine import FloatArray
from topics.labs.parallel.pipeline.ops import IntArray, Kind, Shape


@dataclass(frozen=True)
class MemorySteps:
    """Memory of one rank over time: `level[i]` holds from `time[i]` until `time[i + 1]`."""

    time: FloatArray
    level: FloatArray


def peak_live_chunks(shape: Shape, codes: IntArray) -> IntArray:
    """Most (chunk, micro-batch) pairs that each rank holds between forward and backward.

    Counted from the start of the forward to the end of the backward, of the input gradient where
    the backward is split. `codes` is (n_ranks, longest order), padded with −1; returns (n_ranks,).
    """
    kinds = _kinds(shape, codes)
    allocated = (kinds == Kind.FORWARD).astype(np.int64)
    freed = ((kinds == Kind.BACKWARD) | (kinds == Kind.BACKWARD_INPUT)).astype(np.int64)
    return np.max(np.cumsum(allocated, axis=1) - np.cumsum(freed, axis=1) + freed, axis=1)


def peak_bytes(
    shape: Shape, codes: IntArray, activation: FloatArray, held_fraction: float
) -> FloatArray:
    """Most activation bytes on each rank, shape (n_ranks,); `activation` is per virtual stage."""
    allocated, freed = _changes(shape, codes, activation, held_fraction)
    return np.max(np.cumsum(allocated - freed, axis=1) + freed, axis=1)


def memory_steps(
    shape: Shape,
    codes: IntArray,
    start: FloatArray,
    end: FloatArray,
    activation: FloatArray,
    held_fraction: float,
    static: float,
) -> MemorySteps:
    """Memory of one rank over time; `codes`, `start` and `end` are its own, (n_operations,)."""
    allocated, freed = _changes(shape, codes[None], activation, held_fraction)
    times = np.stack([start, end], axis=1).ravel()
    changes = np.stack([allocated[0], -freed[0]], axis=1).ravel()
    moved = changes != 0
    level = static + np.concatenate([[0.0], np.cumsum(changes[moved])])
    return MemorySteps(np.concatenate([[0.0], times[moved]]), level)


def _changes(
    shape: Shape, codes: IntArray, activation: FloatArray, held_fraction: float
) -> tuple[FloatArray, FloatArray]:
    """Bytes allocated at the start and freed at the end of each operation."""
    kinds = _kinds(shape, codes)
    size = activation[shape.decode(np.maximum(codes, 0))[1]]
    share = np.zeros((len(Kind) + 1, 1))
    share[Kind.BACKWARD], share[Kind.BACKWARD_INPUT] = 1.0, 1.0 - held_fraction
    share[Kind.BACKWARD_WEIGHT] = held_fraction
    return np.where(kinds == Kind.FORWARD, size, 0.0), size * share[kinds, 0]


def _kinds(shape: Shape, codes: IntArray) -> IntArray:
    """Kinds of the operations; padding gets a kind of its own that allocates and frees nothing."""
    return np.where(codes < 0, len(Kind), shape.decode(codes)[0])
