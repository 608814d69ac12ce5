"""Simulates a pipeline: `simulate_pipeline(settings)` is the lab's main entry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.pipeline import memory
from topics.labs.parallel.pipeline.engine import time_orders
from topics.labs.parallel.pipeline.ops import IntArray, Kind, Shape
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.pipeline.schedules import get_schedule, pipeline_shape
from topics.labs.parallel.pipeline.settings import (
    PipelineSettings,
    checked,
    durations,
    per_chunk,
    per_rank,
)


def simulate_pipeline(settings: PipelineSettings) -> PipelineResult:
    """Runs the named schedule with these times. Raises SettingError where it cannot run."""
    schedule = get_schedule(settings.schedule)
    shape = pipeline_shape(schedule, settings.n_stages, settings.n_micro_batches, settings.n_chunks)
    return simulate_orders(settings, shape, schedule.orders(shape))


def simulate_orders(
    settings: PipelineSettings, shape: Shape, orders: list[IntArray]
) -> PipelineResult:
    """Times orders of one's own (one array of `Shape.encode` codes per rank) under `settings`.

    Raises SettingError where an operation is missing, doubled, on the wrong rank, or where the
    ranks wait for each other for ever.
    """
    check_orders(shape, orders)
    if not 0 <= settings.held_fraction <= 1:
        raise SettingError(f"held_fraction is {settings.held_fraction:g}; it is between 0 and 1.")
    timeline = time_orders(shape, orders, durations(settings, shape))
    activation = per_chunk("activation_bytes", settings.activation_bytes, shape)
    static = per_rank("static_bytes", settings.static_bytes, shape)
    codes = timeline.codes
    return PipelineResult(
        settings=settings,
        shape=shape,
        timeline=timeline,
        peak_live_chunks=memory.peak_live_chunks(shape, codes),
        activation=activation,
        static=static,
        peak_memory=static + memory.peak_bytes(shape, codes, activation, settings.held_fraction),
        messages_sent=_messages_sent(shape),
        message_bytes=checked("message_bytes", settings.message_bytes)[0],
    )


def encode_orders(
    orders: Sequence[Sequence[tuple[str, int]]], n_micro_batches: int
) -> tuple[Shape, list[IntArray]]:
    """Turns [[("F", 0), ("B", 0), …], …], one list per stage, into a shape and coded orders."""
    shape = Shape(len(orders), n_micro_batches)
    letters = {"F": Kind.FORWARD, "B": Kind.BACKWARD}
    coded = []
    for rank, order in enumerate(orders):
        for letter, micro_batch in order:
            if letter not in letters or not 0 <= micro_batch < n_micro_batches:
                raise SettingError(
                    f"Stage {rank} has ({letter!r}, {micro_batch!r}): the letter is F or B and the "
                    f"micro-batch 0 to {n_micro_batches - 1}."
                )
        codes = [shape.encode(letters[a], rank, np.array([i])) for a, i in order]
        coded.append(np.concatenate(codes) if codes else np.empty(0, dtype=np.int64))
    return shape, coded


def check_orders(shape: Shape, orders: list[IntArray]) -> None:
    """Every forward and backward once, on the rank that holds the stage, halves in pairs."""
    if len(orders) != shape.n_ranks:
        raise SettingError(f"There are {len(orders)} orders for {shape.n_ranks} ranks.")
    codes = np.concatenate(orders)
    on_rank = np.repeat(np.arange(shape.n_ranks), [len(order) for order in orders])
    astray = shape.ranks_of_stages()[shape.decode(codes)[1]] != on_rank
    if astray.any():
        rank = int(on_rank[astray][0])
        raise SettingError(f"Rank {rank} runs an operation of a stage that another rank holds.")
    sizes = (len(Kind), shape.n_virtual_stages, shape.n_micro_batches)
    table = np.bincount(codes, minlength=int(np.prod(sizes))).reshape(sizes)
    whole, split = table[Kind.BACKWARD], table[Kind.BACKWARD_INPUT]
    if (table[Kind.FORWARD] != 1).any() or (whole + split != 1).any():
        raise SettingError("Every stage runs each micro-batch forward once and backward once.")
    if (split != table[Kind.BACKWARD_WEIGHT]).any():
        raise SettingError("Every input gradient run on its own needs its weight gradient, once.")


def _messages_sent(shape: Shape) -> IntArray:
    """Messages that each rank sends: per micro-batch an activation up and a gradient down a hop."""
    ranks = shape.ranks_of_stages()
    crosses = ranks[1:] != ranks[:-1]
    upward = np.bincount(ranks[:-1][crosses], minlength=shape.n_ranks)
    downward = np.bincount(ranks[1:][crosses], minlength=shape.n_ranks)
    return (upward + downward) * shape.n_micro_batches
