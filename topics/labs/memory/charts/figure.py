"""A figure in one piece: plotly checks every later change for milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from topics.labs.parallel.charts.house import LEGEND
from topics.plots import AXIS, CLEAR, GREY

Trace = dict[str, Any]


def figure(
    title: str,
    traces: Sequence[Trace],
    *,
    height: int,
    x: dict[str, Any],
    y: dict[str, Any],
    **layout: Any,
) -> go.Figure:
    """Traces in the house layout, the legend below; `x` and `y` add to the axes."""
    return go.Figure(
        data=list(traces),
        layout={
            "template": "none",
            "title": {"text": title, "font": {"size": 15}},
            "height": height,
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "margin": {"l": 50, "r": 15, "t": 40 if title else 20, "b": 85},
            "legend": {**LEGEND, "traceorder": "normal"},
            "modebar": {"bgcolor": CLEAR, "color": GREY, "activecolor": GREY},
            "xaxis": {"automargin": True, **AXIS, **x},
            "yaxis": {"automargin": True, **AXIS, **y},
            **layout,
        },
    )


def limit(axis: str, at: float, text: str) -> dict[str, Any]:
    """A dashed line across the plot at a value of the x or the y axis, with its name."""
    other = "y" if axis == "x" else "x"
    line = {f"{axis}0": at, f"{axis}1": at, f"{other}0": 0, f"{other}1": 1}
    shape = {
        "type": "line",
        f"{other}ref": "paper",
        "line": {"color": GREY, "dash": "dash", "width": 2},
        **line,
    }
    label = {
        "text": text,
        "showarrow": False,
        "font": {"size": 12, "color": GREY},
        axis: at,
        other: 1,
        f"{other}ref": "paper",
        "xanchor": "right",
        "yanchor": "bottom",
    }
    return {"shapes": [shape], "annotations": [label]}
