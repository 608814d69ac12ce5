"""How a plan or a group scales: the same settings on more and more GPUs, up to thousands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.plan import Plan, StepEstimate, simulate_plan
from topics.labs.parallel.streams import StepResult
from topics.phrases import say


@dataclass(frozen=True)
class ScalingPoint:
    """One point of a curve. `efficiency` is throughput per GPU over that of the first point."""

    n_gpus: int
    seconds: float
    throughput: float
    efficiency: float
    bytes_sent: float


def strong_scaling(plan: Plan, n_gpus: Iterable[int]) -> list[ScalingPoint]:
    """The same global batch on more data-parallel replicas. Tokens per second; sizes ascending.

    Counts that the plan cannot use (a batch that does not divide) are left out.
    """
    return _curve(plan, n_gpus, lambda dp: replace(plan, dp=dp))


def weak_scaling(plan: Plan, n_gpus: Iterable[int]) -> list[ScalingPoint]:
    """The same number of sequences per replica, so that the global batch grows with the GPUs."""
    per_replica = plan.global_batch // plan.dp
    return _curve(plan, n_gpus, lambda dp: replace(plan, dp=dp, global_batch=per_replica * dp))


def group_scaling(
    simulate: Callable[[int], StepResult], sizes: Sequence[int], work: Callable[[int], float]
) -> list[ScalingPoint]:
    """A single group on more ranks; `work(n)` is what a step on n ranks gets done."""
    found = []
    for size in sizes:
        try:
            result = simulate(size)
        except SettingError:
            continue
        found.append((size, result.step_time, work(size), result.total_bytes_sent))
    if sizes and not found:
        raise SettingError(say("This setting runs on none of these numbers of GPUs."))
    return _points(found)


def doublings(first: int, last: int) -> list[int]:
    """first, 2·first, 4·first … up to `last`."""
    sizes = []
    while first <= last:
        sizes.append(first)
        first *= 2
    return sizes


def _curve(
    plan: Plan, n_gpus: Iterable[int], with_replicas: Callable[[int], Plan]
) -> list[ScalingPoint]:
    found = []
    for count in n_gpus:
        replicas, left = divmod(count, plan.tp * plan.pp)
        estimate = None if left or not replicas else _try(with_replicas(replicas))
        if estimate is not None:
            tokens = estimate.tokens_per_second * estimate.seconds
            sent = sum(estimate.bytes_sent.values())
            found.append((count, estimate.seconds, tokens, sent))
    if not found:
        raise SettingError(
            say(
                "None of these numbers of GPUs can run the plan: they must be multiples of tp × pp "
                "= {group} and the batch must divide over the replicas.",
                group=plan.tp * plan.pp,
            )
        )
    return _points(found)


def _try(plan: Plan) -> StepEstimate | None:
    try:
        return simulate_plan(plan)
    except SettingError:
        return None


def _points(found: list[tuple[int, float, float, float]]) -> list[ScalingPoint]:
    points = []
    for n_gpus, seconds, work, sent in found:
        base_gpus, base_seconds, base_work, _ = found[0]
        per_gpu, base = work / seconds / n_gpus, base_work / base_seconds / base_gpus
        points.append(ScalingPoint(n_gpus, seconds, work / seconds, per_gpu / base, sent))
    return points
