"""What was simulated as CSV, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from topics.labs.parallel.network.costs import CollectiveCost
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.plan import StepEstimate
from topics.labs.parallel.request import Answer
from topics.labs.parallel.scaling import ScalingPoint
from topics.labs.parallel.streams import StepResult


def timeline_csv(answer: Answer) -> str:
    """Every operation with its rank, start and end; of a collective its cost."""
    outcome = answer.outcome
    if isinstance(outcome, StepEstimate):
        return _pipeline(outcome.pipeline)
    if isinstance(outcome, PipelineResult):
        return _pipeline(outcome)
    if isinstance(outcome, StepResult):
        return _step(outcome)
    return _collective(outcome)


def scaling_csv(curves: Iterable[tuple[str, Sequence[ScalingPoint]]]) -> str:
    """All points of some scaling curves."""
    rows = [
        (name, p.n_gpus, p.seconds, p.throughput, p.efficiency, p.bytes_sent)
        for name, points in curves
        for p in points
    ]
    columns = ("curve", "gpus", "seconds", "tokens_per_second", "efficiency", "bytes_sent")
    return _csv(columns, rows)


def _pipeline(result: PipelineResult) -> str:
    columns = ("rank", "stage", "chunk", "kind", "micro_batch", "start", "end")
    rows = (
        (e.rank, e.stage, e.chunk, e.kind.label, e.micro_batch, e.start, e.end)
        for e in result.events()
    )
    return _csv(columns, rows)


def _step(result: StepResult) -> str:
    rows = ((w.rank, w.lane, w.name, w.start, w.end) for w in result.timeline)
    return _csv(("rank", "lane", "name", "start", "end"), rows)


def _collective(cost: CollectiveCost) -> str:
    columns = ("op", "algorithm", "ranks", "payload", "seconds", "steps", "intra", "inter")
    row = (
        cost.op,
        cost.algorithm,
        cost.n_ranks,
        cost.payload,
        cost.seconds,
        cost.steps,
        cost.intra_bytes,
        cost.inter_bytes,
    )
    return _csv(columns, [row])


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
