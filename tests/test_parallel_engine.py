"""Timing an order: the two engines against each other and against a slow, obvious one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.pipeline import engine
from topics.labs.parallel.pipeline.engine import Durations
from topics.labs.parallel.pipeline.ops import Kind, Shape
from topics.labs.parallel.pipeline.schedules import SCHEDULES, pipeline_shape
from topics.labs.parallel.pipeline.settings import PipelineSettings
from topics.labs.parallel.pipeline.simulate import encode_orders, simulate_orders

Times = dict[tuple[Kind, int, int], tuple[float, float]]


def obvious_times(shape: Shape, orders: list[np.ndarray], durations: Durations) -> Times:
    """Goes over all ranks again and again and runs whatever can run: (start, end) of each."""
    ranks, last = shape.ranks_of_stages(), shape.n_virtual_stages - 1
    columns = [(part.tolist() for part in shape.decode(order)) for order in orders]
    queues = [list(zip(*parts, strict=True)) for parts in columns]
    free, done, times = [0.0] * shape.n_ranks, {}, {}
    while any(queues):
        moved = False
        for rank, queue in enumerate(queues):
            if not queue:
                continue
            kind, stage, i = queue[0]
            half = "F" if kind == Kind.FORWARD else "W" if kind == Kind.BACKWARD_WEIGHT else "B"
            if half == "F":
                need, lag = ("F", stage - 1, i), durations.forward_lag[stage]
            elif half == "B":
                need = ("B", stage + 1, i) if stage < last else ("F", stage, i)
                lag = durations.backward_lag[stage]
            else:
                need, lag = ("B", stage, i), 0.0
            if half == "F" and stage == 0:
                ready = 0.0
            elif need in done:
                ready = done[need] + lag
            else:
                continue
            start = max(free[rank], ready)
            free[rank] = done[half, stage, i] = start + durations.compute[kind, stage]
            times[Kind(kind), stage, i] = (start, free[rank])
            assert ranks[stage] == rank
            queue.pop(0)
            moved = True
        assert moved, "deadlock"
    return times


@st.composite
def timed_pipelines(draw: st.DrawFn) -> tuple[Shape, list[np.ndarray], Durations]:
    """A named schedule of a random size, with a random time for every stage and hop."""
    schedule = SCHEDULES[draw(st.sampled_from(sorted(SCHEDULES)))]
    p, v = draw(st.integers(1, 6)), schedule.default_chunks
    if schedule.max_chunks is None:
        v = draw(st.integers(max(1, schedule.min_chunks), 3))
    rounds = draw(st.integers(1, 3))
    m = p * rounds if schedule.whole_rounds and v > 1 else draw(st.integers(1, 14))
    shape = pipeline_shape(schedule, p, max(m, schedule.min_micro_batches(p)), v)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    compute = rng.uniform(0.0, 3.0, (4, shape.n_virtual_stages))
    lags = rng.uniform(0.0, 1.0, (2, shape.n_virtual_stages))
    lags[0, 0] = lags[1, -1] = 0.0  # nothing comes before the first stage or after the last
    return shape, schedule.orders(shape), Durations(compute, lags[0], lags[1])


@settings(max_examples=60, deadline=None)
@given(timed_pipelines())
def test_both_engines_agree_with_the_obvious_one(
    pipeline: tuple[Shape, list[np.ndarray], Durations],
) -> None:
    shape, orders, durations = pipeline
    plan = engine._plan(shape, orders, durations)
    looped, stepped = engine.loop_over_operations(plan), engine.step_over_ranks(plan)
    np.testing.assert_array_equal(looped, stepped)
    expected = obvious_times(shape, orders, durations)
    kinds, stages, micro_batches = shape.decode(plan.codes[:, :-1])
    for at in zip(*np.nonzero(plan.codes[:, :-1] >= 0), strict=True):
        start, end = expected[Kind(kinds[at]), int(stages[at]), int(micro_batches[at])]
        assert looped[0][at] == pytest.approx(start) and looped[1][at] == pytest.approx(end)


@pytest.mark.parametrize("p", [engine.MANY_RANKS - 1, engine.MANY_RANKS])
def test_either_engine_is_picked_by_the_number_of_ranks_and_gives_the_same_makespan(p: int) -> None:
    settings_ = PipelineSettings("gpipe", p, 3)
    shape = Shape(p, 3)
    result = simulate_orders(settings_, shape, SCHEDULES["gpipe"].orders(shape))
    assert result.makespan == (3 + p - 1) * 3


def test_an_order_that_waits_for_itself_is_refused_with_the_operation_that_waits() -> None:
    shape, orders = encode_orders(
        [[("F", 0), ("B", 0), ("F", 1), ("B", 1)], [("F", 1), ("B", 1), ("F", 0), ("B", 0)]], 2
    )
    with pytest.raises(SettingError, match="rank 0 waits for ever to run backward of micro"):
        simulate_orders(PipelineSettings(n_stages=2), shape, orders)


def test_an_order_of_ones_own_is_timed() -> None:
    shape, orders = encode_orders(
        [[("F", 0), ("F", 1), ("B", 0), ("B", 1)], [("F", 0), ("B", 0), ("F", 1), ("B", 1)]], 2
    )
    result = simulate_orders(PipelineSettings("1f1b", 2, 2), shape, orders)
    assert result.makespan == 9.0
    assert result.peak_live_micro_batches.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("orders", "complaint"),
    [
        ([[("F", 0)], [("F", 0), ("B", 0)]], "once forward|forward once and backward once"),
        ([[("F", 0), ("F", 0), ("B", 0)], [("F", 0), ("B", 0)]], "forward once and backward once"),
        ([[("F", 0), ("X", 0)], [("F", 0), ("B", 0)]], "the letter is F or B"),
        ([[("F", 1), ("B", 0)], [("F", 0), ("B", 0)]], "micro-batch 0 to 0"),
    ],
)
def test_an_order_that_is_not_one_is_refused(
    orders: list[list[tuple[str, int]]], complaint: str
) -> None:
    with pytest.raises(SettingError, match=complaint):
        shape, coded = encode_orders(orders, 1)
        simulate_orders(PipelineSettings(n_stages=2), shape, coded)


def test_an_operation_on_the_wrong_rank_is_refused() -> None:
    shape = Shape(2, 1)
    orders = SCHEDULES["gpipe"].orders(shape)
    with pytest.raises(SettingError, match="Rank 0 runs an operation of a stage that another"):
        simulate_orders(PipelineSettings(n_stages=2), shape, orders[::-1])


def test_a_split_backward_needs_its_weight_gradient() -> None:
    shape = Shape(1, 1)
    order = np.concatenate(
        [shape.encode(kind, 0, np.array([0])) for kind in (Kind.FORWARD, Kind.BACKWARD_INPUT)]
    )
    with pytest.raises(SettingError, match="needs its weight gradient"):
        simulate_orders(PipelineSettings(n_stages=1), shape, [order])
