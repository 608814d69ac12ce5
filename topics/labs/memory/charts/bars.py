"""Memory as stacked bars: on every GPU stage against the card, and moment by moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from topics.labs.memory.charts.figure import Trace, figure, limit
from topics.labs.memory.estimate import Estimate
from topics.labs.memory.lines import KEYS, LABELS
from topics.phrases import say
from topics.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, RED

COLOURS = {
    "weights": BLUE,
    "gradients": GREEN,
    "optimizer": PURPLE,
    "activations": ORANGE,
    "logits": "#c9a227",
    "kv_cache": "#2aa5a0",
    "temporary": RED,
    "overhead": GREY,
}
MOMENTS = {
    "loss": "loss",
    "backward": "backward",
    "tables": "token table",
    "optimizer": "optimiser step",
    "step": "step",
    "prefill": "prompt",
}
MOST_STAGES = 16  # bars that still have room for their names


def gpu_chart(answer: Estimate, title: str = "", until: float | None = None) -> go.Figure:
    """Memory at its peak on each pipeline stage's GPUs, with the card's size as a line.

    `until` (bytes) ends the axis there, so that two settings can be compared.
    """
    stages = answer.stages[:: max(1, len(answer.stages) // MOST_STAGES)]
    alone = len(answer.stages) == 1
    rows = [
        (say("GPU") if alone else say("stage {n}", n=stage.index), stage.at(stage.peak))
        for stage in stages
    ]
    return _stacked(answer, rows, title, until)


def moments_chart(answer: Estimate, title: str = "", until: float | None = None) -> go.Figure:
    """Memory at each moment of a step on the fullest stage: what exists when."""
    worst = answer.worst
    rows = [(say(MOMENTS[m.name]), worst.at(m)) for m in worst.moments]
    return _stacked(answer, rows, title, until)


Rows = Sequence[tuple[str, Mapping[str, float]]]


def _stacked(answer: Estimate, rows: Rows, title: str, until: float | None) -> go.Figure:
    """One trace per kind of memory, so that the legend names kinds."""
    names = [name for name, _ in rows]
    traces = []
    for key in KEYS:
        values = [amounts[key] / 1e9 for _, amounts in rows]
        if any(values):
            traces.append(_bar(key, values, names))
    return figure(
        title,
        traces,
        height=135 + 34 * max(2, len(rows)),
        x={"ticksuffix": " GB", "range": [0, (until or widest(answer)) / 1e9 * 1.03]},
        y={"autorange": "reversed", "type": "category"},
        barmode="stack",
        **_card_line(answer, until),
    )


def _bar(key: str, values: list[float], names: list[str]) -> Trace:
    label = say(LABELS[key])
    return {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": names,
        "name": label,
        "marker": {"color": COLOURS[key]},
        "hovertemplate": "%{y}: %{x:.3~g} GB<extra>" + label + "</extra>",
    }


def widest(answer: Estimate) -> float:
    """Bytes that the longest bar or the card's line reaches."""
    room = answer.fit.memory - answer.fit.outside if answer.fit else 0.0
    total = max(stage.total for stage in answer.stages)
    return total if room > 4 * total else max(total, room)


def _card_line(answer: Estimate, until: float | None) -> dict[str, Any]:
    fit = answer.fit
    if fit is None or fit.memory - fit.outside > 1.02 * (until or widest(answer)):
        return {}
    return limit("x", (fit.memory - fit.outside) / 1e9, fit.card)
