"""The look that all figures share: no paper of their own, colours readable on light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

BLUE = "#4c8dd6"
ORANGE = "#e07b39"
GREEN = "#3fa66b"
PURPLE = "#a06cd5"
RED = "#d9534f"
GREY = "#8a8f98"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, RED, GREY)
FADED = "rgba(138,143,152,0.35)"
GRID = "rgba(138,143,152,0.25)"
CLEAR = "rgba(0,0,0,0)"
# For every axis after the first two, which `empty_plot` does not know of.
AXIS: dict[str, Any] = {"gridcolor": GRID, "zerolinecolor": GRID}
# From nothing to full colour: zero is the page itself, whatever the page's colour is.
FADE_IN = ((0.0, "rgba(76,141,214,0.0)"), (1.0, "rgba(76,141,214,1.0)"))


def empty_plot(
    title: str = "", x_title: str = "", y_title: str = "", height: int = 380
) -> go.Figure:
    """A plot with the house layout and nothing in it. Titles are plain text: `$` stays literal."""
    # One dictionary in the constructor: the same through update_layout takes 20 ms longer.
    return go.Figure(
        layout={
            "template": "none",
            "title": {"text": title, "font": {"size": 15}},
            "height": height,
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "margin": {"l": 60, "r": 20, "t": 50 if title else 20, "b": 50},
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0.0},
            "xaxis": {"title": {"text": x_title}, **AXIS},
            "yaxis": {"title": {"text": y_title}, **AXIS},
        }
    )


def add_heat_map(
    plot: go.Figure,
    z: np.ndarray,
    x: Sequence[str | int],
    y: Sequence[str | int],
    digits: int = 2,
    full: float = 1.0,
    **axes: str,
) -> None:
    """Cells from clear (0) to blue (`full`), each with its number; NaN leaves a cell empty.

    z is (rows, columns). Numbers are a trace of their own, in the page's own text colour: plotly
    would pick one without knowing that a pale cell shows the page behind it.
    """
    plot.add_heatmap(
        x=list(x),
        y=list(y),
        z=z,
        colorscale=FADE_IN,
        zmin=0,
        zmax=full,
        showscale=False,
        xgap=2,
        ygap=2,
        hoverongaps=False,
        **axes,
    )
    cells = [(int(row), int(column)) for row, column in np.argwhere(np.isfinite(z))]
    values = [float(z[cell]) for cell in cells]
    plot.add_scatter(
        x=[x[column] for _, column in cells],
        y=[y[row] for row, _ in cells],
        mode="text",
        text=[f"{value:.{digits}f}" for value in values],
        textfont={"size": 11},  # ten columns have to fit on a phone
        hoverinfo="skip",
        showlegend=False,
        **axes,
    )


def thousands(values: Iterable[int]) -> list[str]:
    """Tick labels for powers of two: 512, 1k, 2k, …, 1M."""
    units = ((2**20, "M"), (2**10, "k"), (1, ""))
    return [
        next(f"{value // size}{unit}" for size, unit in units if value >= size) for value in values
    ]
