"""The settings of a simulated pipeline, checked and spread over its stages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.pipeline.engine import Durations, FloatArray
from topics.labs.parallel.pipeline.ops import Kind, Shape
from topics.phrases import say

PerStage = float | tuple[float, ...]

# Bytes a layer keeps from its input gradient to its weight gradient, over what it keeps from its
# forward: 32·sbh of 34·sbh with fused attention (Qi et al. 2023, table 1).
HELD_FRACTION = 32 / 34


@dataclass(frozen=True)
class PipelineSettings:
    """A pipeline of `n_stages` ranks. Times are in any one unit, sizes in any one unit of memory.

    `forward`, `backward_input`, `backward_weight` are one micro-batch's time on a rank's whole
    share of the layers, as in the papers: with v chunks each chunk takes 1/v of it. Each is one
    number, one per rank, or one per chunk (n_stages · n_chunks of them, in the order of the
    layers, not divided). `comm` is the time from one rank to the next, one number or one per hop.
    `activation_bytes` is what a rank keeps per micro-batch from forward to backward;
    `held_fraction` of it stays from the input gradient to the weight gradient where these are
    split. `static_bytes` (weights, gradients, optimiser) is per rank. `message_bytes` is what
    crosses one boundary for one micro-batch in one direction.
    """

    schedule: str = "1f1b"
    n_stages: int = 4
    n_micro_batches: int = 8
    n_chunks: int | None = None
    forward: PerStage = 1.0
    backward_input: PerStage = 1.0
    backward_weight: PerStage = 1.0
    comm: PerStage = 0.0
    activation_bytes: PerStage = 1.0
    held_fraction: float = HELD_FRACTION
    static_bytes: PerStage = 0.0
    message_bytes: float = 0.0


def durations(settings: PipelineSettings, shape: Shape) -> Durations:
    """Times of every operation on every virtual stage, and of every hop."""
    forward = per_chunk("forward", settings.forward, shape)
    backward_input = per_chunk("backward_input", settings.backward_input, shape)
    backward_weight = per_chunk("backward_weight", settings.backward_weight, shape)
    if not (forward + backward_input + backward_weight).any():
        raise SettingError(say("All times are zero: give at least one of them a positive time."))
    compute = np.empty((len(Kind), shape.n_virtual_stages))
    compute[Kind.FORWARD], compute[Kind.BACKWARD_INPUT] = forward, backward_input
    compute[Kind.BACKWARD_WEIGHT] = backward_weight
    compute[Kind.BACKWARD] = backward_input + backward_weight
    hops = _hops(settings.comm, shape)
    return Durations(compute, np.concatenate([[0.0], hops]), np.concatenate([hops, [0.0]]))


def per_chunk(name: str, value: PerStage, shape: Shape) -> FloatArray:
    """Spreads a rank's `value` over its chunks: shape (n_virtual_stages,)."""
    numbers = checked(name, value)
    if len(numbers) == 1:
        return np.full(shape.n_virtual_stages, numbers[0] / shape.n_chunks)
    if len(numbers) == shape.n_virtual_stages:
        return np.array(numbers)
    if len(numbers) == shape.n_ranks:
        return np.array(numbers)[shape.ranks_of_stages()] / shape.n_chunks
    raise SettingError(f"{name} has {len(numbers)} values; it takes {_counts(shape)}.")


def per_rank(name: str, value: PerStage, shape: Shape) -> FloatArray:
    """One number for all ranks or one for each: shape (n_ranks,)."""
    numbers = checked(name, value)
    if len(numbers) not in (1, shape.n_ranks):
        raise SettingError(f"{name} has {len(numbers)} values; it takes 1 or {shape.n_ranks}.")
    return np.broadcast_to(np.array(numbers), (shape.n_ranks,))


def checked(name: str, value: float | Sequence[float]) -> tuple[float, ...]:
    """`value` as a tuple of finite numbers, none negative."""
    numbers = (value,) if isinstance(value, (int, float)) else tuple(value)
    for number in numbers:
        if not math.isfinite(number) or number < 0:
            raise SettingError(f"{name} is {number:g}: it must be zero or more, and finite.")
    return tuple(float(number) for number in numbers)


def _hops(comm: PerStage, shape: Shape) -> FloatArray:
    """Time of every hop between neighbouring virtual stages; none where they share a rank."""
    n_hops = shape.n_virtual_stages - 1
    numbers = checked("comm", comm)
    if len(numbers) not in (1, n_hops):
        raise SettingError(
            f"comm has {len(numbers)} values; it takes 1, or {n_hops}: one per hop between stages."
        )
    ranks = shape.ranks_of_stages()
    return np.where(ranks[1:] == ranks[:-1], 0.0, np.broadcast_to(np.array(numbers), (n_hops,)))


def _counts(shape: Shape) -> str:
    if shape.n_chunks == 1:
        return f"1 (the same for every stage) or {shape.n_ranks} (one per stage)"
    return (
        f"1 (the same everywhere), {shape.n_ranks} (one per rank) "
        f"or {shape.n_virtual_stages} (one per chunk, in the order of the layers)"
    )
