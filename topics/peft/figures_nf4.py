"""The live figure of the PEFT lesson on NF4: its levels, and its error beside int4 and FP4."""

from __future__ import annotations

import functools

import numpy as np

from topics.figure import Choice, Drawing, Figure, Toggle
from topics.peft.example import matrix
from topics.peft.nf4 import LEVELS, Array, bits_per_weight, quantize, relative_error
from topics.phrases import say
from topics.plots import BLUE, FADED, GREEN, ORANGE, empty_plot

N_WEIGHTS = 1 << 14
BLOCKS = ("16", "32", "64", "128", "256", "1024")
SOURCES = ("Gaussian", "uniform", "heavy tails", "a trained matrix")
COLORS = {"NF4": ORANGE, "int4": BLUE, "FP4": GREEN}


@functools.cache
def weights(source: str) -> Array:
    """16,384 weights: drawn from a distribution, or a value projection of the small model."""
    rng = np.random.default_rng(0)
    match source:
        case "Gaussian":
            return rng.standard_normal(N_WEIGHTS)
        case "uniform":
            return rng.uniform(-1, 1, N_WEIGHTS)
        case "heavy tails":
            return rng.standard_t(3, N_WEIGHTS)
    return matrix("v_before").ravel()


def draw_nf4(source: str, block: str, double: bool) -> Drawing:
    """The weights of all blocks over their block's largest, with the three sets of levels."""
    values, size = weights(source), int(block)
    blocks = values.reshape(-1, size)
    scaled = blocks / np.abs(blocks).max(axis=1, keepdims=True)
    heights, edges = np.histogram(scaled, bins=64, range=(-1, 1), density=True)
    plot = empty_plot(x_title=say("weight / largest of its block"), height=380)
    plot.add_bar(
        x=(edges[1:] + edges[:-1]) / 2,
        y=heights,
        marker_color=FADED,
        name=say("share of the weights"),
        hoverinfo="skip",
    )
    for row, (name, levels) in enumerate(LEVELS.items(), 1):
        plot.add_scatter(
            x=levels,
            y=np.full(len(levels), -0.16 * row),
            mode="markers",
            name=name,
            marker={"symbol": "line-ns", "size": 13, "line": {"width": 2, "color": COLORS[name]}},
        )
    plot.update_layout(bargap=0)
    plot.update_yaxes(visible=False)
    return Drawing(plot, _text(values, size, double))


def _text(values: Array, block_size: int, double: bool) -> str:
    errors = {name: relative_error(values, levels, block_size) for name, levels in LEVELS.items()}
    listed = ", ".join(f"{name} {error:.1%}" for name, error in errors.items())
    zeros = float(np.mean(quantize(values, LEVELS["NF4"], block_size) == 0))
    return say(
        "Error of rounding, relative to the weights: {listed}. NF4 rounds {zeros:.0%} of them to "
        "zero. Each weight takes {bits:.3f} bits with its share of the scales: {gb:.1f} GB for 65 "
        "billion.",
        listed=listed,
        zeros=zeros,
        bits=bits_per_weight(block_size, double),
        gb=65 * bits_per_weight(block_size, double) / 8,
    )


FIGURES = (
    Figure(
        "nf4-levels",
        "NF4, int4 and FP4 on the same weights",
        (
            Choice("source", "Weights", SOURCES, "Gaussian"),
            Choice("block", "Weights that share a scale", BLOCKS, "64"),
            Toggle("double", "Double quantisation", True),
        ),
        draw_nf4,
        "Each mark is a level that a weight can be rounded to. NF4 crowds them where Gaussian "
        "weights are.",
    ),
)
