"""One rank of a pipeline, really run: any schedule's order, with its messages, in NumPy.

A virtual stage is one layer, tanh(x @ w). The rank follows its order operation by operation, as the
simulator times it: it waits for what an operation needs and sends on what came out. So a run that
ends shows that the order cannot lock up, and its gradients that nothing is lost or mixed up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from topics.labs.parallel.forms import FloatArray, Wire
from topics.labs.parallel.pipeline.ops import IntArray, Kind, Shape


def pipeline_rank(
    wire: Wire,
    shape: Shape,
    order: IntArray,
    weights: Mapping[int, FloatArray],
    inputs: Sequence[FloatArray],
    grads_out: Sequence[FloatArray],
) -> dict[int, FloatArray]:
    """Gradients of this rank's `weights` (hidden, hidden), by virtual stage, after one step.

    `inputs` and `grads_out` hold one (tokens, hidden) array per micro-batch: what enters the first
    stage, and the loss's gradient of what leaves the last.
    """
    run = _Rank(wire, shape, weights, inputs, grads_out)
    for kind, stage, micro_batch in zip(*(c.tolist() for c in shape.decode(order)), strict=True):
        if kind == Kind.FORWARD:
            run.forward(stage, micro_batch)
        if kind in (Kind.BACKWARD, Kind.BACKWARD_INPUT):
            run.backward_input(stage, micro_batch)
        if kind in (Kind.BACKWARD, Kind.BACKWARD_WEIGHT):
            run.backward_weight(stage, micro_batch)
    return run.grads


class _Rank:
    """What a rank holds between operations: activations, finished gradients, messages to itself."""

    def __init__(
        self,
        wire: Wire,
        shape: Shape,
        weights: Mapping[int, FloatArray],
        inputs: Sequence[FloatArray],
        grads_out: Sequence[FloatArray],
    ) -> None:
        self.wire, self.shape, self.weights = wire, shape, weights
        self.inputs, self.grads_out = inputs, grads_out
        self.ranks = shape.ranks_of_stages().tolist()
        self.last = shape.n_virtual_stages - 1
        self.grads = {stage: np.zeros_like(weight) for stage, weight in weights.items()}
        self._kept: dict[tuple[int, int], tuple[FloatArray, FloatArray]] = {}
        self._put_off: dict[tuple[int, int], tuple[FloatArray, FloatArray]] = {}
        self._own: dict[int, FloatArray] = {}

    def forward(self, stage: int, i: int) -> None:
        x = self._take(Kind.FORWARD, stage - 1, i) if stage else self.inputs[i]  # (tokens, hidden)
        y = np.tanh(x @ self.weights[stage])
        self._kept[stage, i] = x, y
        if stage < self.last:
            self._give(Kind.FORWARD, stage, i, y, self.ranks[stage + 1])

    def backward_input(self, stage: int, i: int) -> None:
        at_end = stage == self.last
        grad = self.grads_out[i] if at_end else self._take(Kind.BACKWARD_INPUT, stage + 1, i)
        x, y = self._kept.pop((stage, i))
        grad = grad * (1 - y**2)  # (tokens, hidden)
        self._put_off[stage, i] = x, grad
        if stage:
            before = grad @ self.weights[stage].T
            self._give(Kind.BACKWARD_INPUT, stage, i, before, self.ranks[stage - 1])

    def backward_weight(self, stage: int, i: int) -> None:
        x, grad = self._put_off.pop((stage, i))
        self.grads[stage] += x.T @ grad

    def _give(self, kind: Kind, stage: int, i: int, values: FloatArray, rank: int) -> None:
        tag = self._tag(kind, stage, i)
        if rank == self.wire.rank:
            self._own[tag] = values
        else:
            self.wire.send(rank, values, tag)

    def _take(self, kind: Kind, stage: int, i: int) -> FloatArray:
        tag, rank = self._tag(kind, stage, i), self.ranks[stage]
        if rank == self.wire.rank:
            return self._own.pop(tag)
        return self.wire.receive(rank, self.inputs[i].shape, tag)

    def _tag(self, kind: Kind, stage: int, i: int) -> int:
        return int(self.shape.encode(kind, stage, np.array(i)))
