"""Speculative decoding: how well the draft must agree, and how many tokens to draft.

Formulas: Leviathan, Kalman and Matias, arXiv:2211.17192. The acceptance rate is the overlap
Σ min(p, q) (corollary 3.6); tokens per run of the target are (1 − α^(γ+1)) / (1 − α) (equation 1);
the speed-up divides by 1 + γc (theorem 3.8), all if acceptances are independent.
"""

from __future__ import annotations

import numpy as np

from topics.figure import Drawing, Figure, Slider
from topics.phrases import say
from topics.plots import AXIS, BLUE, FADED, GREEN, ORANGE, empty_plot

TOKENS = ("coffee", "tea", "water", "milk", "soup", "joe")
TARGET = np.array([0.40, 0.30, 0.12, 0.08, 0.06, 0.04])
WORST_DRAFT = np.array([0.03, 0.05, 0.07, 0.15, 0.25, 0.45])
MOST_DRAFTED = 12


def acceptance(draft: np.ndarray) -> float:
    """The chance that a token drawn from the draft is accepted: the overlap with the target."""
    return float(np.minimum(TARGET, draft).sum())


def tokens_per_run(alpha: float, drafted: np.ndarray) -> np.ndarray:
    """Expected tokens gained from one run of the target, shape of `drafted`."""
    if alpha == 1:
        return drafted + 1.0
    return np.asarray((1 - alpha ** (drafted + 1)) / (1 - alpha))


def draw_speculative(agreement: float, drafted: float, cost: float) -> Drawing:
    """Overlap of the two distributions, and the speed-up against the number of drafted tokens."""
    draft = agreement * TARGET + (1 - agreement) * WORST_DRAFT
    alpha = acceptance(draft)
    lengths = np.arange(1, MOST_DRAFTED + 1)
    speed_up = tokens_per_run(alpha, lengths) / (1 + lengths * cost)
    here = int(drafted) - 1
    plot = empty_plot(height=380)
    plot.add_bar(x=TOKENS, y=TARGET, name=say("target p"), marker_color=BLUE)
    plot.add_bar(x=TOKENS, y=draft, name=say("draft q"), marker_color=FADED)
    curve = {"x": lengths, "y": speed_up, "xaxis": "x2", "yaxis": "y2"}
    plot.add_scatter(**curve, name=say("speed-up"), line_color=GREEN)
    plot.add_scatter(
        x=[lengths[here]],
        y=[speed_up[here]],
        xaxis="x2",
        yaxis="y2",
        mode="markers",
        marker={"size": 12, "color": ORANGE},
        name=say("your setting"),
    )
    plot.update_layout(
        xaxis={"domain": [0.0, 0.42]},
        xaxis2=AXIS | {"domain": [0.58, 1.0], "title": say("drafted tokens"), "anchor": "y2"},
        yaxis={"title": say("probability"), "range": [0, 0.5]},
        yaxis2=AXIS | {"anchor": "x2", "title": say("speed-up"), "rangemode": "tozero"},
    )
    return Drawing(
        plot,
        say(
            "Acceptance rate α = {alpha:.3f}. Drafting {n} tokens gains {tokens:.2f} tokens for "
            "each run of the target, a speed-up of {here:.2f}. The best is {best:.2f}, with {at}.",
            alpha=alpha,
            n=int(drafted),
            tokens=float(tokens_per_run(alpha, lengths)[here]),
            here=float(speed_up[here]),
            best=float(speed_up.max()),
            at=int(lengths[speed_up.argmax()]),
        ),
    )


FIGURES = (
    Figure(
        "speculative",
        "Speculative decoding: agreement, draft length and speed-up",
        (
            Slider("agreement", "How close the draft is to the target", 0.0, 1.0, 0.7, 0.05),
            Slider("drafted", "Tokens drafted at a time", 1, MOST_DRAFTED, 4, 1),
            Slider("cost", "Cost of a draft step against a target step", 0.0, 0.5, 0.05, 0.01),
        ),
        draw_speculative,
        "Left: the two models' next-token distributions. Right: speed-up if every position had "
        "this acceptance rate independently.",
    ),
)
