"""Pooling on a small grid: what comes out, and where the gradient goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topics.figure import Choice, Drawing, Figure, Slider, Toggle
from topics.phrases import say
from topics.plots import add_heat_map, empty_plot

Array = NDArray[np.float64]

GRID = np.array(
    [
        [-1.0, 3.0, 2.0, 0.0, 4.0],
        [5.0, 9.0, 1.0, 2.0, 3.0],
        [0.0, 2.0, 6.0, 4.0, 1.0],
        [7.0, 1.0, 3.0, 8.0, 2.0],
        [2.0, 4.0, 0.0, 5.0, 6.0],
    ]
)
TIED = np.minimum(GRID, 4.0)  # everything above 4 becomes 4, so windows have several maxima


@dataclass(frozen=True)
class Pooled:
    """Output (H', W'), the gradient of the sum of the output (H, W), and how many windows."""

    output: Array
    gradient: Array


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """⌊(size + 2·padding − kernel) / stride⌋ + 1."""
    return (size + 2 * padding - kernel) // stride + 1


def pool(x: Array, kind: str, kernel: int, stride: int, padding: int) -> Pooled:
    """Max or average pooling of a square grid, and the gradient when each output sends back 1.

    Max: the first maximum of a window in row-major order takes the gradient, as in PyTorch; padding
    is −∞ and never wins. Average: divides by kernel², padding included, PyTorch's default.
    """
    size = len(x)
    n_out = output_size(size, kernel, stride, padding)
    filler = -np.inf if kind == "max" else 0.0
    padded = np.pad(x, padding, constant_values=filler)
    output, gradient = np.zeros((n_out, n_out)), np.zeros_like(padded)
    for row, column in np.ndindex(n_out, n_out):
        top, left = row * stride, column * stride
        window = padded[top : top + kernel, left : left + kernel]
        if kind == "max":
            place = np.unravel_index(window.argmax(), window.shape)
            output[row, column] = window[place]
            gradient[top + place[0], left + place[1]] += 1.0
        else:
            output[row, column] = window.mean()
            gradient[top : top + kernel, left : left + kernel] += 1.0 / kernel**2
    inside = slice(padding, padding + size)
    return Pooled(output, gradient[inside, inside])


def draw_pooling(kind: str, kernel: float, stride: float, padding: float, ties: bool) -> Drawing:
    """Input, output and gradient side by side, the numbers in the cells."""
    x = TIED if ties else GRID
    pooled = pool(x, kind, int(kernel), int(stride), int(padding))
    plot = empty_plot(height=300)
    digits = 0 if kind == "max" else 2
    grids = (
        (say("input"), x, 0, 9.0),
        (say("output"), pooled.output, digits, 9.0),
        (say("gradient of the input"), pooled.gradient, digits, max(2.0, pooled.gradient.max())),
    )
    for index, (name, values, shown_digits, full) in enumerate(grids):
        axis = str(index + 1) if index else ""
        axes = {"xaxis": f"x{axis}", "yaxis": f"y{axis}"}
        rows, columns = range(values.shape[0]), range(values.shape[1])
        add_heat_map(plot, values, columns, rows, shown_digits, full, **axes)
        low = index * 0.35
        hidden = {"showgrid": False, "zeroline": False, "showticklabels": False}
        plot.layout[f"xaxis{axis}"] = hidden | {
            "domain": [low, low + 0.3],
            "anchor": f"y{axis}",
            "title": {"text": name},
        }
        plot.layout[f"yaxis{axis}"] = hidden | {"autorange": "reversed", "anchor": f"x{axis}"}
    return Drawing(plot, _text(pooled, len(x), kind))


def _text(pooled: Pooled, size: int, kind: str) -> str:
    n_windows = pooled.output.size
    common = {
        "side": len(pooled.output),
        "n": n_windows,
        "reached": int((pooled.gradient > 0).sum()),
        "all": size * size,
        "total": pooled.gradient.sum(),
        "most": pooled.gradient.max(),
    }
    if kind == "max":
        return say(
            "{n} windows give an output of {side} × {side} and send back {n} ones. They land on "
            "{reached} of {all} inputs; the busiest input wins {most:.0f} of the windows.",
            **common,
        )
    return say(
        "{n} windows give an output of {side} × {side}. Every window shares its one evenly: "
        "{reached} of {all} inputs get something, {total:.2f} in all. What falls on padding is "
        "lost.",
        **common,
    )


FIGURES = (
    Figure(
        "pooling",
        "How pooling routes gradients",
        (
            Choice("kind", "Pooling", ("max", "average"), "max"),
            Slider("kernel", "Kernel size", 2, 3, 2, 1),
            Slider("stride", "Stride", 1, 3, 2, 1),
            Slider("padding", "Padding", 0, 1, 0, 1),
            Toggle("ties", "Cut values at 4, so that windows tie", False),
        ),
        draw_pooling,
        "Every output sends back a gradient of 1. Rows and columns that no window covers get none.",
    ),
)
