"""What a simulation says, as one object for machines. `report_text` is for people."""

from __future__ import annotations

from typing import Any

from topics.labs.parallel.explain import explain_pipeline
from topics.labs.parallel.network.costs import CollectiveCost
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.plan import StepEstimate
from topics.labs.parallel.request import Answer
from topics.labs.parallel.streams import StepResult

DEFAULT_EVENTS = 200_000  # a timeline longer than this is left out unless asked for
Json = dict[str, Any]


def as_json(answer: Answer, max_events: int = DEFAULT_EVENTS) -> Json:
    """One object. Keys are the same for every kind of parallelism; see `simulate --help`."""
    outcome = answer.outcome
    if isinstance(outcome, PipelineResult):
        found = _pipeline_json(outcome, max_events)
    elif isinstance(outcome, StepResult):
        found = _step_json(outcome, max_events)
    elif isinstance(outcome, StepEstimate):
        found = _plan_json(outcome, max_events)
    else:
        found = _collective_json(outcome)
    if answer.scaling:
        found["scaling"] = [vars(point) for point in answer.scaling]
    return {"parallel": answer.parallel, **found}


def _pipeline_json(result: PipelineResult, max_events: int) -> Json:
    busiest = float(result.bytes_sent.max())
    return {
        "schedule": result.settings.schedule,
        "stages": result.shape.n_ranks,
        "micro_batches": result.shape.n_micro_batches,
        "chunks": result.shape.n_chunks,
        "makespan": result.makespan,
        "step_time": result.step_time,
        "ideal": result.ideal,
        "bubble_time": result.step_time - result.ideal,
        "bubble_over_ideal": result.bubble_over_ideal,
        "bubble_over_wall": result.bubble_over_wall,
        "makespan_bubble_over_ideal": result.makespan_bubble_over_ideal,
        "makespan_bubble_over_wall": result.makespan_bubble_over_wall,
        "peak_live_micro_batches": [_whole(n) for n in result.peak_live_micro_batches.tolist()],
        "peak_live_chunks": result.peak_live_chunks.tolist(),
        "peak_memory": result.peak_memory.tolist(),
        "idle_share": result.idle_share.tolist(),
        "bytes_sent_per_rank": {"point_to_point": busiest, "total": busiest},
        "bytes_sent_by_rank": result.bytes_sent.tolist(),
        "explain": [vars(line) for line in explain_pipeline(result)],
        "memory_over_time": _memory(result) if result.n_events <= max_events else [],
        **_events(_pipeline_events(result) if result.n_events <= max_events else result.n_events),
    }


def _memory(result: PipelineResult) -> list[Json]:
    """By rank: bytes from each time to the next."""
    found = [result.memory_over_time(rank) for rank in range(result.shape.n_ranks)]
    return [{"time": steps.time.tolist(), "bytes": steps.level.tolist()} for steps in found]


def _pipeline_events(result: PipelineResult) -> list[Json]:
    return [
        {
            "rank": event.rank,
            "stage": event.stage,
            "chunk": event.chunk,
            "kind": event.kind.label,
            "micro_batch": event.micro_batch,
            "start": event.start,
            "end": event.end,
        }
        for event in result.events()
    ]


def _events(events: list[Json] | int) -> Json:
    if isinstance(events, list):
        return {"timeline": events}
    return {"timeline": [], "timeline_left_out": events}


def _step_json(result: StepResult, max_events: int) -> Json:
    events: list[Json] | int = [vars(work) for work in result.timeline[: max_events + 1]]
    if len(result.timeline) > max_events:
        events = len(result.timeline)
    found: Json = {
        "makespan": result.step_time,
        "compute_time": result.compute_time,
        "communication_time": result.communication_time,
        "exposed_time": result.exposed_time,
        "bubble_over_ideal": result.idle_over_ideal,
        "bubble_over_wall": result.idle_over_wall,
        "peak_live_micro_batches": [1],
        "bytes_sent_per_rank": {**result.bytes_sent, "total": result.total_bytes_sent},
        "memory_per_rank": {**result.memory, "total": result.peak_memory},
        "notes": list(result.notes),
        **_events(events),
    }
    if result.bytes_by_rank:
        found["bytes_sent_by_rank"] = list(result.bytes_by_rank)
    return found


def _plan_json(estimate: StepEstimate, max_events: int) -> Json:
    pipeline = _pipeline_json(estimate.pipeline, max_events)
    ideal = estimate.breakdown["arithmetic"]
    return {
        **pipeline,
        "makespan": estimate.seconds,
        "step_time": estimate.seconds,
        "ideal": ideal,
        "pipeline_time": estimate.pipeline.step_time,
        "gpus": estimate.plan.n_gpus,
        "tokens_per_second": estimate.tokens_per_second,
        "efficiency": estimate.efficiency,
        "breakdown": dict(estimate.breakdown),
        "bytes_sent_per_rank": {
            **estimate.bytes_sent,
            "total": sum(estimate.bytes_sent.values()),
        },
        "memory_per_rank": {**estimate.memory, "total": sum(estimate.memory.values())},
    }


def _collective_json(cost: CollectiveCost) -> Json:
    return {
        "op": cost.op,
        "algorithm": cost.algorithm,
        "ranks": cost.n_ranks,
        "makespan": cost.seconds,
        "steps": cost.steps,
        "bytes_sent_per_rank": {cost.op: cost.bytes_sent, "total": cost.bytes_sent},
        "intra_node_bytes": cost.intra_bytes,
        "inter_node_bytes": cost.inter_bytes,
        "algorithm_bandwidth": cost.algorithm_bandwidth if cost.seconds else None,
        "bus_bandwidth": cost.bus_bandwidth if cost.seconds else None,
        "formula": cost.formula,
        "timeline": [],
    }


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value
