"""The live figure of the distributed lesson on tensor parallelism: an MLP cut in two ways."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from topics.distributed.sharding import (
    Array,
    gelu,
    identity,
    mlp,
    mlp_columns_then_rows,
    mlp_rows_first,
)
from topics.figure import Choice, Drawing, Figure
from topics.phrases import say
from topics.plots import GREY, SERIES, empty_plot

COLUMNS_FIRST, ROWS_FIRST = "columns, then rows", "rows, then columns"
SHEET = 0.12  # how far apart the sheets of a fan are drawn
ACTIVATIONS = {"GELU": gelu, "none": identity}


@dataclass(frozen=True)
class Matrix:
    """A matrix on the drawing: its name, its shape in the drawing's units, and how it is cut."""

    name: str
    width: float
    height: float
    cut: str  # "columns", "rows", "whole" or "partial sums"


LAYOUTS = {
    COLUMNS_FIRST: (
        Matrix("X", 2, 3, "whole"),
        Matrix("A", 4, 2, "columns"),
        Matrix("act(XA)", 4, 3, "columns"),
        Matrix("B", 2, 4, "rows"),
        Matrix("Y", 2, 3, "partial sums"),
    ),
    ROWS_FIRST: (
        Matrix("X", 2, 3, "columns"),
        Matrix("A", 4, 2, "rows"),
        Matrix("XA", 4, 3, "partial sums"),
        Matrix("B", 2, 4, "columns"),
        Matrix("Y", 2, 3, "columns"),
    ),
}


@functools.cache
def _example() -> tuple[Array, Array, Array]:
    """X (4, 8), A (8, 16), B (16, 8) drawn once."""
    rng = np.random.default_rng(0)
    x, w_in, w_out = (rng.standard_normal(shape) for shape in ((4, 8), (8, 16), (16, 8)))
    return x, w_in / np.sqrt(8), w_out / np.sqrt(16)


def draw_tensor_parallel(split: str, activation: str, ranks: str) -> Drawing:
    """The matrices of one MLP coloured by the rank that holds each part, and the error made."""
    plot = empty_plot(height=270)
    left = 0.0
    shapes: list[dict[str, object]] = []
    for matrix in LAYOUTS[split]:
        shapes += _boxes(matrix, left, int(ranks))
        _name(plot, matrix, left, int(ranks))
        left += matrix.width + 0.8
    plot.update_xaxes(visible=False, range=[-0.2, left])
    plot.update_yaxes(visible=False, range=[-2.8, 2.9], scaleanchor="x")
    plot.update_layout(showlegend=False, shapes=shapes)
    return Drawing(plot, _tensor_parallel_text(split, activation, int(ranks)))


def _boxes(matrix: Matrix, left: float, n_ranks: int) -> Iterator[dict[str, object]]:
    """A rectangle for what each rank holds of the matrix."""
    low = -matrix.height / 2
    for rank in range(n_ranks):
        x0, x1, y0, y1 = left, left + matrix.width, low, -low
        if matrix.cut == "columns":
            x0, x1 = (left + matrix.width * share / n_ranks for share in (rank, rank + 1))
        elif matrix.cut == "rows":
            y1, y0 = (-low - matrix.height * share / n_ranks for share in (rank, rank + 1))
        elif matrix.cut == "partial sums":  # whole on every rank, drawn as a fan of sheets
            x0, x1, y0, y1 = (edge + SHEET * rank for edge in (x0, x1, y0, y1))
        color = GREY if matrix.cut == "whole" else SERIES[rank]
        look = {"fillcolor": color, "opacity": 0.75, "line": {"color": GREY, "width": 1}}
        yield {"type": "rect", "x0": x0, "x1": x1, "y0": y0, "y1": y1, **look}


def _name(plot: go.Figure, matrix: Matrix, left: float, n_ranks: int) -> None:
    """The matrix's name above it and how it is cut below."""
    high = matrix.height / 2
    fan = SHEET * n_ranks if matrix.cut == "partial sums" else 0
    plot.add_scatter(
        x=[left + matrix.width / 2] * 2,
        y=[high + 0.55 + fan, -high - 0.45],
        text=[f"<b>{matrix.name}</b>", say(matrix.cut)],
        mode="text",
        hoverinfo="skip",
    )


def _tensor_parallel_text(split: str, activation: str, n_ranks: int) -> str:
    x, w_in, w_out = _example()
    act = ACTIVATIONS[activation]
    method = mlp_columns_then_rows if split == COLUMNS_FIRST else mlp_rows_first
    error = float(np.abs(method(x, w_in, w_out, act, n_ranks) - mlp(x, w_in, w_out, act)).max())
    if split == COLUMNS_FIRST:
        return say(
            "Each rank runs act(X Aᵢ) Bᵢ alone; one all-reduce sums the {n} results. "
            "Largest difference from one device: {error:.0e}.",
            n=n_ranks,
            error=error,
        )
    if activation == "none":
        return say(
            "Without an activation the partial sums may be added at the end: the difference is "
            "only {error:.0e}. No real MLP is like that.",
            error=error,
        )
    return say(
        "The {n} ranks hold partial sums of XA, and GELU of a part is not a part of GELU. "
        "Carrying on without an all-reduce here gives an answer wrong by up to {error:.2f}; with "
        "one, a second exchange is still needed for Y.",
        n=n_ranks,
        error=error,
    )


FIGURES = (
    Figure(
        "tensor-parallel-mlp",
        "Cutting an MLP: columns first or rows first",
        (
            Choice("split", "Cut A by, then B by", (COLUMNS_FIRST, ROWS_FIRST), COLUMNS_FIRST),
            Choice("activation", "Activation", tuple(ACTIVATIONS), "GELU"),
            Choice("ranks", "Ranks", ("2", "4"), "2"),
        ),
        draw_tensor_parallel,
        "One colour per rank; grey is held whole by every rank; a fan of sheets is a partial sum "
        "on each. Y = act(X A) B.",
    ),
)
