"""The scaling curves that a page shows beside one setting: the same request on other GPU counts."""

from __future__ import annotations

from collections.abc import Mapping

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.explain_groups import Outcome
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.plan import StepEstimate
from topics.labs.parallel.request import run
from topics.labs.parallel.scaling import ScalingPoint, strong_scaling, weak_scaling
from topics.labs.parallel.streams import StepResult
from topics.phrases import say

LAST = {"zero": 4096, "dp": 4096, "tp": 64, "sp": 256, "ep": 128}
MOST_GPUS = 16384
STEP = 4  # from one point of a plan's curve to the next


def scaling_curves(
    parallel: str, request: Mapping[str, object], outcome: Outcome
) -> dict[str, list[ScalingPoint]]:
    """Curves by name; empty where nothing scales or too few sizes can run."""
    if isinstance(outcome, StepEstimate):
        return _of_plan(outcome)
    if isinstance(outcome, PipelineResult) or parallel not in LAST:
        return {}
    last = LAST[parallel]
    steps = range(0, last.bit_length(), 2 if last > 256 else 1)
    sizes = [2**i for i in steps]
    points = run({**request, "gpus": sizes}).scaling
    return {say("this setting"): list(points)} if len(points) > 1 else {}


def figures(outcome: Outcome) -> dict[str, float]:
    """The headline figures as plain numbers, by the keys of their explanations."""
    if isinstance(outcome, PipelineResult):
        return {
            "step_time": outcome.step_time,
            "bubble_over_ideal": outcome.bubble_over_ideal,
            "bubble_over_wall": outcome.bubble_over_wall,
            "peak_live_micro_batches": float(outcome.peak_live_micro_batches.max()),
            "peak_memory": float(outcome.peak_memory.max()),
            "bytes_sent": float(outcome.bytes_sent.max()),
        }
    if isinstance(outcome, StepEstimate):
        return {
            "step_time": outcome.seconds,
            "tokens_per_second": outcome.tokens_per_second,
            "efficiency": outcome.efficiency,
            "bubble_over_wall": outcome.pipeline.bubble_over_wall,
            "bytes_sent": sum(outcome.bytes_sent.values()),
            "memory": sum(outcome.memory.values()),
        }
    if isinstance(outcome, StepResult):
        return {
            "step_time": outcome.step_time,
            "compute_time": outcome.compute_time,
            "exposed": outcome.exposed_time,
            "idle_over_wall": outcome.idle_over_wall,
            "bytes_sent": outcome.total_bytes_sent,
            "memory": outcome.peak_memory,
        }
    return {
        "seconds": outcome.seconds,
        "bytes_sent": outcome.bytes_sent,
        "bus_bandwidth": outcome.bus_bandwidth if outcome.seconds else 0.0,
    }


def _of_plan(estimate: StepEstimate) -> dict[str, list[ScalingPoint]]:
    plan = estimate.plan
    sizes, n = [], plan.tp * plan.pp
    while n <= MOST_GPUS:
        sizes.append(n)
        n *= STEP
    curves = {
        say("weak: the batch grows with the GPUs"): weak_scaling,
        say("strong: the same batch"): strong_scaling,
    }
    found = {}
    for name, curve in curves.items():
        try:
            points = curve(plan, sizes)
        except SettingError:
            continue
        if len(points) > 1:
            found[name] = points
    return found
