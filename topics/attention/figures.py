"""The attention heat map under masks, and what the root of the head width is for."""

from __future__ import annotations

import functools

import numpy as np

from topics.attention.scores import (
    MASKS,
    N_PADDING,
    TOKENS,
    attention_weights,
    entropy_bits,
    mask,
    queries_and_keys,
    softmax,
)
from topics.figure import Choice, Drawing, Figure, Slider, Toggle
from topics.phrases import say
from topics.plots import BLUE, GREY, ORANGE, add_heat_map, empty_plot


def draw_heat_map(
    kind: str, size: float, hide_padding: bool, scaled: bool, head_dim: float
) -> Drawing:
    """Attention weights, one row per query; a cell that the mask forbids is left empty."""
    q, k = queries_and_keys(int(head_dim))
    keep = mask(kind, int(size), hide_padding)
    weights = attention_weights(q, k, keep, scaled)
    labels = [f"{place} {token}" for place, token in enumerate(TOKENS)]
    plot = empty_plot(x_title=say("key"), y_title=say("query"), height=470)
    add_heat_map(plot, np.where(keep, weights, np.nan), labels, labels)
    plot.update_layout(margin={"l": 110, "b": 95})
    plot.update_yaxes(autorange="reversed", showgrid=False)
    plot.update_xaxes(showgrid=False, tickangle=-35)
    raw = q @ k.T / (np.sqrt(q.shape[-1]) if scaled else 1.0)
    real = slice(0, len(TOKENS) - N_PADDING)
    return Drawing(
        plot,
        say(
            "The scores have a standard deviation of {std:.2f}. A row's largest weight is "
            "{top:.2f} and its entropy {bits:.2f} bits on average. “it” puts {cat:.2f} on “cat”; "
            "real words put {pad:.1%} of their attention on padding.",
            std=raw.std(),
            top=weights[real].max(axis=-1).mean(),
            bits=entropy_bits(weights[real]).mean(),
            cat=weights[TOKENS.index("it"), TOKENS.index("cat")],
            pad=weights[real, -N_PADDING:].sum(axis=-1).mean(),
        ),
    )


WIDTHS = np.array([2**power for power in range(1, 10)])
ROWS = 64


@functools.cache
def _saturation(n_keys: int, scaled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mean largest weight of a row, and mean gradient of that weight by its own score, (widths,).

    Over 64 random rows: q and k have independent entries of mean 0 and variance 1.
    """
    rng = np.random.default_rng(11)
    q = rng.standard_normal((ROWS, 1, WIDTHS[-1]), dtype=np.float32)
    k = rng.standard_normal((n_keys, WIDTHS[-1]), dtype=np.float32)
    largest = np.empty(len(WIDTHS))
    gradient = np.empty(len(WIDTHS))
    for index, width in enumerate(WIDTHS):
        scores = (q[:, 0, :width] @ k[:, :width].T).astype(np.float64)  # (ROWS, n_keys)
        top = softmax(scores / np.sqrt(width) if scaled else scores).max(axis=-1)
        largest[index], gradient[index] = top.mean(), (top * (1 - top)).mean()
    return largest, gradient


def draw_saturation(n_keys: float, head_dim: float) -> Drawing:
    """How close the softmax comes to one-hot as the head gets wider, with and without the root."""
    plot = empty_plot(x_title=say("head width d (log scale)"), y_title=say("mean over 64 rows"))
    here = int(np.argmin(np.abs(np.log2(WIDTHS / head_dim))))
    values = {}
    for scaled, name, colour in (
        (False, say("q·k"), ORANGE),
        (True, say("q·k / √d"), BLUE),
    ):
        largest, gradient = values[scaled] = _saturation(int(n_keys), scaled)
        line = {"color": colour}
        plot.add_scatter(
            x=WIDTHS, y=largest, name=say("{name}: largest weight", name=name), line=line
        )
        plot.add_scatter(
            x=WIDTHS,
            y=gradient,
            name=say("{name}: its gradient p(1 − p)", name=name),
            line=line | {"dash": "dot"},
        )
    plot.add_vline(x=float(WIDTHS[here]), line={"color": GREY, "dash": "dash"})
    plot.update_xaxes(type="log", tickvals=WIDTHS, range=[np.log10(1.8), np.log10(580)])
    plot.update_yaxes(range=[0, 1.02])
    return Drawing(
        plot,
        say(
            "At d = {d}, raw scores have a standard deviation near √d = {root:.1f}: the largest of "
            "{n} weights averages {raw:.2f} and its gradient {raw_gradient:.3f}. Divided by √d "
            "they are {scaled:.2f} and {scaled_gradient:.3f}.",
            d=WIDTHS[here],
            root=np.sqrt(WIDTHS[here]),
            n=int(n_keys),
            raw=values[False][0][here],
            raw_gradient=values[False][1][here],
            scaled=values[True][0][here],
            scaled_gradient=values[True][1][here],
        ),
    )


FIGURES = (
    Figure(
        "heat-map",
        "Attention weights under a mask",
        (
            Choice("kind", "Mask", MASKS, "causal"),
            Slider("size", "Prefix length, or window size", 1, 8, 3, 1),
            Toggle("hide_padding", "Mask the padding keys", True),
            Toggle("scaled", "Divide by √d", True),
            Slider("head_dim", "Head width d", 4, 256, 64, 4),
        ),
        draw_heat_map,
        "q and k are random with variance 1, as at initialisation, except that “it” looks for "
        "“cat”. Each row is one query and sums to 1.",
    ),
    Figure(
        "saturation",
        "Why the scores are divided by the root of the head width",
        (
            Slider("n_keys", "Keys to attend to", 2, 128, 16, 1),
            Slider("head_dim", "Head width d", 2, 512, 128, 2),
        ),
        draw_saturation,
        "The marker stands at the nearest power of two.",
    ),
)
