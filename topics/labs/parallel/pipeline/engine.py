"""When does each operation run? Two ways to time an order: a plain loop, and one over all ranks.

Both apply one rule: an operation starts when its rank is free and what it needs has arrived. The
plain loop costs about a microsecond per operation; the other advances every rank that can move in
one NumPy step and wins once there are many ranks. They agree exactly, and a test holds them to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.pipeline.ops import IntArray, Kind, Shape

FloatArray = npt.NDArray[np.float64]

MANY_RANKS = 16  # from here the step over all ranks is the faster one (measured)


@dataclass(frozen=True)
class Durations:
    """Times in one unit. `compute` is (4, n_virtual_stages), by `Kind`; the lags are per stage.

    `forward_lag[s]` is the time an activation takes from stage s − 1 to s, `backward_lag[s]` that
    of a gradient from s + 1 to s. Both are zero where the two stages share a rank, and at the ends:
    before the first stage and after the last.
    """

    compute: FloatArray
    forward_lag: FloatArray
    backward_lag: FloatArray


@dataclass(frozen=True)
class Timeline:
    """Start and end of every operation, shape (n_ranks, longest order); padded with −1 and NaN."""

    codes: IntArray
    start: FloatArray
    end: FloatArray


@dataclass(frozen=True)
class _Plan:
    """Every operation with what it provides, what it needs, how late that comes, how long it runs.

    Shape (n_ranks, longest order + 1): the last column needs something that never comes.
    `needs` and `provides` index a table of finish times whose last two entries are "always there"
    and "never".
    """

    codes: IntArray
    provides: IntArray
    needs: IntArray
    lag: FloatArray
    duration: FloatArray
    n_tokens: int


def time_orders(shape: Shape, orders: list[IntArray], durations: Durations) -> Timeline:
    """Runs `orders` (one array of codes per rank) and says when each operation starts and ends.

    Raises SettingError where the order can never finish: two ranks wait for each other.
    """
    plan = _plan(shape, orders, durations)
    by_rank = step_over_ranks if shape.n_ranks >= MANY_RANKS else loop_over_operations
    start, end = by_rank(plan)
    codes = plan.codes[:, :-1]
    stuck = (codes >= 0) & np.isnan(end)
    if stuck.any():
        raise SettingError(_deadlock(shape, codes, stuck))
    return Timeline(codes, start, end)


def loop_over_operations(plan: _Plan) -> tuple[FloatArray, FloatArray]:
    """Runs each rank until it has to wait, then whichever rank was waiting for what it finished."""
    n_ranks, width = plan.codes.shape
    provides, needs = plan.provides.ravel().tolist(), plan.needs.ravel().tolist()
    lags, durations = plan.lag.ravel().tolist(), plan.duration.ravel().tolist()
    never = float("inf")
    finish = [never] * plan.n_tokens + [0.0, never]
    start, end = [float("nan")] * (n_ranks * width), [float("nan")] * (n_ranks * width)
    cursor, free = [rank * width for rank in range(n_ranks)], [0.0] * n_ranks
    waiter = [-1] * (plan.n_tokens + 2)
    runnable = list(range(n_ranks))
    while runnable:
        rank = runnable.pop()
        at, now = cursor[rank], free[rank]
        while (ready := finish[needs[at]]) != never:
            ready += lags[at]
            begin = ready if ready > now else now
            now = begin + durations[at]
            start[at], end[at] = begin, now
            token = provides[at]
            finish[token] = now
            if waiter[token] >= 0:
                runnable.append(waiter[token])
            at += 1
        waiter[needs[at]] = rank
        cursor[rank], free[rank] = at, now
    return _table(start, n_ranks), _table(end, n_ranks)


def step_over_ranks(plan: _Plan) -> tuple[FloatArray, FloatArray]:
    """Lets every rank that can run its next operation run it, all in one NumPy step; repeats."""
    n_ranks, width = plan.codes.shape
    provides, needs = plan.provides.ravel(), plan.needs.ravel()
    lags, durations = plan.lag.ravel(), plan.duration.ravel()
    finish = np.full(plan.n_tokens + 2, np.inf)
    finish[plan.n_tokens] = 0.0
    start, end = np.full(n_ranks * width, np.nan), np.full(n_ranks * width, np.nan)
    cursor, free = np.arange(n_ranks) * width, np.zeros(n_ranks)
    while True:
        ready = finish[needs[cursor]]
        (ranks,) = np.nonzero(ready < np.inf)
        if not len(ranks):
            return _table(start, n_ranks), _table(end, n_ranks)
        at = cursor[ranks]
        begin = np.maximum(ready[ranks] + lags[at], free[ranks])
        done = begin + durations[at]
        start[at], end[at] = begin, done
        finish[provides[at]] = done
        free[ranks] = done
        cursor[ranks] += 1


def _plan(shape: Shape, orders: list[IntArray], durations: Durations) -> _Plan:
    codes = np.full((shape.n_ranks, max(map(len, orders), default=0) + 1), -1, dtype=np.int64)
    for rank, order in enumerate(orders):
        codes[rank, : len(order)] = order
    n_stages, n_micro_batches = shape.n_virtual_stages, shape.n_micro_batches
    n_tokens = 3 * n_stages * n_micro_batches
    kinds, stages, micro_batches = shape.decode(np.maximum(codes, 0))
    kinds = np.where(kinds == Kind.BACKWARD, Kind.BACKWARD_INPUT, kinds)

    def token(kind: IntArray | int, stage: IntArray | int) -> IntArray:
        return (kind * n_stages + stage) * n_micro_batches + micro_batches

    forward, backward = kinds == Kind.FORWARD, kinds == Kind.BACKWARD_INPUT
    turn = backward & (stages == n_stages - 1)  # the loss: the backward follows its own forward
    needs = np.where(
        forward,
        np.where(stages == 0, n_tokens, token(Kind.FORWARD, stages - 1)),
        token(Kind.BACKWARD_INPUT, np.where(backward, stages + 1, stages)),
    )
    needs = np.where(turn, token(Kind.FORWARD, n_stages - 1), needs)
    needs = np.where(codes < 0, n_tokens + 1, needs)
    lag = np.where(forward, durations.forward_lag[stages], durations.backward_lag[stages])
    lag = np.where(kinds == Kind.BACKWARD_WEIGHT, 0.0, lag)
    duration = durations.compute[shape.decode(np.maximum(codes, 0))[0], stages]
    return _Plan(codes, token(kinds, stages), needs, lag, duration, n_tokens)


def _table(values: list[float] | FloatArray, n_ranks: int) -> FloatArray:
    return np.asarray(values).reshape(n_ranks, -1)[:, :-1]


def _deadlock(shape: Shape, codes: IntArray, stuck: npt.NDArray[np.bool_]) -> str:
    rank = int(np.nonzero(stuck.any(axis=1))[0][0])
    code = codes[rank, int(np.nonzero(stuck[rank])[0][0])]
    kind, stage, micro_batch = (int(part) for part in shape.decode(code))
    return (
        f"This order never finishes: rank {rank} waits for ever to run "
        f"{Kind(kind).label} of micro-batch {micro_batch} on stage {stage}. "
        "Check that what it needs is run by an earlier operation of another rank."
    )
