"""What a simulation says, as a few lines for people in a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from topics.labs.parallel.explain import explain_pipeline
from topics.labs.parallel.network.costs import CollectiveCost
from topics.labs.parallel.pipeline.gantt import text_gantt
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.plan import StepEstimate
from topics.labs.parallel.request import Answer
from topics.labs.parallel.scaling import ScalingPoint
from topics.labs.parallel.streams import StepResult
from topics.labs.parallel.units import duration, number, size


def as_text(answer: Answer, width: int = 100) -> str:
    """A few lines for a terminal `width` characters wide."""
    outcome = answer.outcome
    if isinstance(outcome, PipelineResult):
        lines = _pipeline_lines(outcome, width)
    elif isinstance(outcome, StepResult):
        lines = _step_lines(outcome)
    elif isinstance(outcome, StepEstimate):
        lines = _plan_lines(outcome, width)
    else:
        lines = _collective_lines(outcome)
    return "\n".join([*lines, *_scaling_lines(answer.scaling)])


def _pipeline_lines(result: PipelineResult, width: int) -> list[str]:
    lines = [text_gantt(result, max(20, width - 9)), ""]
    lines += [
        f"{line.title + ':':<27} {line.value:<12} {line.working}"
        for line in explain_pipeline(result)
    ]
    lives = ", ".join(number(n) for n in result.peak_live_micro_batches.tolist()[:16])
    more = " …" if result.shape.n_ranks > 16 else ""
    return [*lines, f"{'Live, rank by rank:':<27} {lives}{more}"]


def _step_lines(result: StepResult) -> list[str]:
    lines = [
        f"Step time:      {duration(result.step_time)}",
        f"  computing     {duration(result.compute_time)}",
        f"  communicating {duration(result.communication_time)}",
        f"  waiting       {duration(result.exposed_time)}: {result.idle_over_ideal:.2%} of the "
        f"computing, {result.idle_over_wall:.2%} of the step",
        "Bytes sent per rank:",
        *_amounts(result.bytes_sent),
        "Memory per rank:",
        *_amounts(result.memory),
    ]
    return [*lines, *result.notes]


def _plan_lines(estimate: StepEstimate, width: int) -> list[str]:
    plan = estimate.plan
    lines = [
        f"{plan.n_gpus} GPUs: dp {plan.dp} × tp {plan.tp} × pp {plan.pp}, "
        f"{plan.n_micro_batches} micro-batches of {plan.layer.micro_batch}, {plan.schedule}",
        f"Step time: {duration(estimate.seconds)}, {estimate.tokens_per_second:,.0f} tokens per "
        f"second, {estimate.efficiency:.1%} of the given FLOP/s spent on the model",
    ]
    lines += [f"  {name:<29} {duration(value)}" for name, value in estimate.breakdown.items()]
    lines += ["Bytes sent per GPU (the busiest):", *_amounts(estimate.bytes_sent)]
    lines += ["Memory per GPU (the fullest):", *_amounts(estimate.memory)]
    if plan.pp > 1:
        lines += ["", text_gantt(estimate.pipeline, max(20, width - 9))]
    return lines


def _collective_lines(cost: CollectiveCost) -> list[str]:
    lines = [
        f"{cost.algorithm} {cost.op} of {size(cost.payload)} on {cost.n_ranks} ranks: "
        f"{duration(cost.seconds)} in {cost.steps} steps",
        f"  {cost.formula}",
        f"Bytes sent per rank: {size(cost.bytes_sent)} ({size(cost.intra_bytes)} inside the "
        f"node, {size(cost.inter_bytes)} between nodes)",
    ]
    if cost.seconds:
        lines.append(
            f"Bandwidth: {cost.algorithm_bandwidth / 1e9:.1f} GB/s of payload, "
            f"{cost.bus_bandwidth / 1e9:.1f} GB/s on the bus (busbw of nccl-tests)"
        )
    return lines


def _scaling_lines(points: tuple[ScalingPoint, ...]) -> list[str]:
    if not points:
        return []
    lines = ["", f"{'GPUs':>8} {'step':>12} {'tokens/s':>14} {'efficiency':>11}"]
    return lines + [
        f"{point.n_gpus:>8,} {duration(point.seconds):>12} {point.throughput:>14,.0f} "
        f"{point.efficiency:>11.1%}"
        for point in points
    ]


def _amounts(amounts: Mapping[str, float]) -> list[str]:
    total = sum(amounts.values())
    rows = [*amounts.items(), ("total", total)] if len(amounts) > 1 else list(amounts.items())
    return [f"  {name.replace('_', '-'):<16} {size(value)}" for name, value in rows]
