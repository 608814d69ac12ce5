"""Schedules on a V: each rank holds one stage on the way down and one on the way up.

The last stage sits on rank 0 beside the first, so that the first backward is not p hops away.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from topics.labs.parallel.pipeline.ops import IntArray, Kind, Shape, alternate


def zb_v(shape: Shape) -> list[IntArray]:
    """ZB-V (Qi et al. 2023, section 6): no bubble when F = B = W, with the memory of 1F1B.

    The order is the handcrafted one, laid out for at least 2p − 1 micro-batches; fewer are run by
    leaving out the ones that are not there.
    """
    return [_zb_v_rank(shape, rank) for rank in range(shape.n_ranks)]


def _zb_v_rank(shape: Shape, rank: int) -> IntArray:
    """Blocks of a repeating pattern; `take` hands out micro-batches of each kind in order."""
    p = shape.n_ranks
    n = max(2 * p - 1, shape.n_micro_batches)
    wide = Shape(p, n, 2, v_shaped=True)
    down, up = wide.stage(rank, 0), wide.stage(rank, 1)
    taken: dict[tuple[Kind, int], int] = {}

    def take(kind: Kind, stage: int, count: int) -> IntArray:
        first = taken.get((kind, stage), 0)
        taken[kind, stage] = first + count
        return wide.encode(kind, stage, np.arange(first, first + count))

    f, b, w = Kind.FORWARD, Kind.BACKWARD_INPUT, Kind.BACKWARD_WEIGHT
    new = n - 2 * p + rank + 1  # rounds of the steady phase that still start a micro-batch
    blocks = [take(f, down, 2 * (p - rank) - 1)]
    blocks.append(alternate(take(f, up, rank), take(f, down, rank)))
    blocks.append(alternate(*(take(kind, up, p - rank) for kind in (f, b, w))))
    for with_forward, rounds in ((True, new), (False, p - 1 - rank)):
        kinds = [(f, down)] if with_forward else []
        kinds += [(b, down), (w, down), (f, up), (b, up), (w, up)]
        blocks.append(alternate(*(take(kind, stage, rounds) for kind, stage in kinds)))
    blocks.append(alternate(take(b, down, rank), take(b, up, rank)))
    blocks.append(alternate(take(b, down, p - rank), take(w, down, p - rank)))
    blocks += [take(w, up, rank), take(w, down, rank)]
    kinds_, stages, micro_batches = wide.decode(np.concatenate(blocks))
    codes = (kinds_ * wide.n_virtual_stages + stages) * shape.n_micro_batches + micro_batches
    return codes[micro_batches < shape.n_micro_batches]


def dualpipe_v(shape: Shape) -> list[IntArray]:
    """DualPipeV (DeepSeek 2025): a forward and a backward of two micro-batches run side by side.

    The pairs are laid out one after the other here: on one compute unit the sum of their times is
    the same, and what the pair hides, communication, is hidden by the engine anyway. A forward's
    result so leaves before its pair is done, and the bubble comes out smaller than the printed
    (PP/2 − 1)·(F&B + B − 3W).
    """
    return [_DualPipeRank(shape, rank).order() for rank in range(shape.n_ranks)]


class _DualPipeRank:
    """Writes down one rank's order; counts micro-batches and keeps the weight gradients put off."""

    def __init__(self, shape: Shape, rank: int) -> None:
        self.shape, self.rank = shape, rank
        self.stages = (shape.stage(rank, 0), shape.stage(rank, 1))
        self.next_forward, self.next_backward = [0, 0], [0, 0]
        self.waiting: deque[tuple[int, int]] = deque()
        self.codes: list[int] = []

    def order(self) -> IntArray:
        rank, behind = self.rank, self.shape.n_ranks - 1 - self.rank
        for _ in range(2 * behind):
            self.forward(0)
        for _ in range(rank + 1):
            self.forward(0)
            self.forward(1)
        for _ in range(behind):
            self.backward(1, split=True)
            self.weight()
            self.forward(1)
        for _ in range(self.shape.n_micro_batches - 2 * self.shape.n_ranks + rank + 1):
            self.pair(0, 1)
            self.pair(1, 0)
        for _ in range(behind):
            self.backward(1)
            self.pair(1, 0)
        self.drain(behind)
        return np.array(self.codes, dtype=np.int64)

    def drain(self, behind: int) -> None:
        """The last backwards; from half-way on their weight gradients wait until the very end."""
        last = 2 * (self.rank + 1)
        for i in range(last):
            self.backward(1 - i % 2, split=i > self.rank)
        for _ in range(behind):
            self.weight()
            self.backward(0, split=True)
        while self.waiting:
            self.weight()

    def pair(self, forward: int, backward: int) -> None:
        self.forward(forward)
        self.backward(backward)

    def forward(self, chunk: int) -> None:
        self._add(Kind.FORWARD, self.stages[chunk], self.next_forward[chunk])
        self.next_forward[chunk] += 1

    def backward(self, chunk: int, split: bool = False) -> None:
        micro_batch = self.next_backward[chunk]
        self.next_backward[chunk] += 1
        if split:
            self.waiting.append((self.stages[chunk], micro_batch))
        kind = Kind.BACKWARD_INPUT if split else Kind.BACKWARD
        self._add(kind, self.stages[chunk], micro_batch)

    def weight(self) -> None:
        if self.waiting:
            self._add(Kind.BACKWARD_WEIGHT, *self.waiting.popleft())

    def _add(self, kind: Kind, stage: int, micro_batch: int) -> None:
        first = (kind * self.shape.n_virtual_stages + stage) * self.shape.n_micro_batches
        self.codes.append(first + micro_batch)
