"""The lab's plots: the house layout with the legend below, where it never meets the title."""

from __future__ import annotations

import plotly.graph_objects as go

from topics.plots import AXIS, CLEAR, GREY

EDGE = {"width": 0.5, "color": "rgba(255,255,255,0.5)"}  # dark ones would swallow thin bars
LEGEND = {
    "orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0,
    "traceorder": "normal",  # stacked bars would be listed backwards
}  # fmt: skip


def lab_plot(
    title: str, x_title: str = "", y_title: str = "", height: int = 300, **layout: object
) -> go.Figure:
    """An empty plot; `layout` takes what else there is to say, `xaxis` and `yaxis` as additions."""
    axes = {
        name: {"title": {"text": text}, "automargin": True, **AXIS, **_given(layout, name)}
        for name, text in (("xaxis", x_title), ("yaxis", y_title))
    }
    # One dictionary in the constructor: plotly checks every later change for milliseconds.
    return go.Figure(
        layout={
            "template": "none",
            "title": {"text": title, "font": {"size": 15}},
            "height": height,
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "margin": {"l": 50, "r": 15, "t": 40 if title else 20, "b": 85},
            "legend": LEGEND,
            "modebar": {"bgcolor": CLEAR, "color": GREY, "activecolor": GREY},
            **layout,
            **axes,
        }
    )


def _given(layout: dict[str, object], name: str) -> dict[str, object]:
    given = layout.get(name, {})
    assert isinstance(given, dict)
    return given
