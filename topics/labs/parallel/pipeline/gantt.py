"""A timeline drawn with letters, for a terminal: one line per rank, time to the right."""

from __future__ import annotations

import numpy as np

from topics.labs.parallel.pipeline.ops import Kind
from topics.labs.parallel.pipeline.result import PipelineResult

LETTERS = {
    Kind.FORWARD: "F",
    Kind.BACKWARD: "B",
    Kind.BACKWARD_INPUT: "B",
    Kind.BACKWARD_WEIGHT: "W",
}
LEGEND = "F forward, B backward, W weight gradient, then the micro-batch; · idle"
LEGEND_WHOLE = "F forward, B backward (both halves), then the micro-batch; · idle"


def text_gantt(result: PipelineResult, width: int = 100, max_ranks: int = 16) -> str:
    """Draws the first `max_ranks` ranks, at most `width` characters of timeline each."""
    labelled = _labelled_scale(result)
    scale = min(labelled, width / result.makespan)
    lines = [
        f"rank {rank:<3} {_line(result, rank, scale)}"
        for rank in range(min(result.shape.n_ranks, max_ranks))
    ]
    left = result.shape.n_ranks - max_ranks
    if left > 0:
        lines.append(f"… and {left} more ranks")
    kinds = result.shape.decode(result.timeline.codes)[0]
    split = (kinds == Kind.BACKWARD_WEIGHT).any()
    legend = LEGEND if split else LEGEND_WHOLE
    chunked = " (small letters: every second chunk)" if result.shape.n_chunks > 1 else ""
    return "\n".join([*lines, legend + chunked])


def _labelled_scale(result: PipelineResult) -> float:
    """Characters per unit of time at which the shortest operation still shows its micro-batch."""
    lengths = result.timeline.end - result.timeline.start
    lengths = lengths[lengths > 0]
    digits = len(str(result.shape.n_micro_batches - 1))
    return (1 + digits) / float(np.nanmin(lengths))


def _line(result: PipelineResult, rank: int, scale: float) -> str:
    cells = ["·"] * round(result.makespan * scale)
    timeline = result.timeline
    codes = timeline.codes[rank][timeline.codes[rank] >= 0]
    columns = (part.tolist() for part in result.shape.decode(codes))
    for i, (kind, stage, micro_batch) in enumerate(zip(*columns, strict=True)):
        first = round(float(timeline.start[rank, i]) * scale)
        last = round(float(timeline.end[rank, i]) * scale)
        letter = LETTERS[Kind(kind)]
        letter = letter.lower() if stage // result.shape.n_ranks % 2 else letter
        label = f"{letter}{micro_batch}"
        text = label if len(label) <= last - first else letter
        cells[first:last] = text.ljust(last - first, "─")[: last - first]
    return "".join(cells)
