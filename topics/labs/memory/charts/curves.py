"""How memory grows with batch and length: a curve each, and the card's size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import plotly.graph_objects as go

from topics.labs.memory.charts.figure import Trace, figure, limit
from topics.labs.memory.estimate import Estimate, estimate
from topics.labs.memory.units import SettingError
from topics.phrases import say
from topics.plots import BLUE, ORANGE

FACTORS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Point:
    """One setting of a curve: its size and what one GPU then needs, in bytes."""

    size: int
    total: float


def growth(answer: Estimate, field: str) -> list[Point]:
    """Totals at an eighth to eight times the setting's "batch" or "seq"; what cannot be is left."""
    size: int = getattr(answer.setting, field)
    points = []
    for wanted in sorted({max(1, round(size * factor)) for factor in FACTORS}):
        change = {"batch": wanted} if field == "batch" else {"seq": wanted}
        try:
            total = estimate(replace(answer.setting, **change)).total  # type: ignore[arg-type]
        except SettingError:
            continue
        points.append(Point(wanted, total))
    return points


def growth_chart(answer: Estimate, title: str = "") -> go.Figure:
    """Both curves over how many times the setting's own batch and length."""
    fit = answer.fit
    card = limit("y", (fit.memory - fit.outside) / 1e9, fit.card) if fit else {}
    ticks = [f"{factor:g}×" for factor in FACTORS]
    return figure(
        title,
        [
            _curve(answer, "batch", say("batch"), BLUE),
            _curve(answer, "seq", say("sequence length"), ORANGE),
        ],
        height=320,
        x={
            "title": {"text": say("times this setting")},
            "type": "log",
            "tickvals": list(FACTORS),
            "ticktext": ticks,
        },
        y={"title": {"text": "GB"}, "rangemode": "tozero"},
        **card,
    )


def _curve(answer: Estimate, field: str, name: str, colour: str) -> Trace:
    points = growth(answer, field)
    size: int = getattr(answer.setting, field)
    return {
        "type": "scatter",
        "x": [point.size / size for point in points],
        "y": [point.total / 1e9 for point in points],
        "customdata": [point.size for point in points],
        "mode": "lines+markers",
        "name": name,
        "line": {"color": colour},
        "hovertemplate": f"{name} %{{customdata:,}}: %{{y:.3~g}} GB<extra></extra>",
    }
