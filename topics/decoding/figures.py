"""Temperature and the three filters, on what a real trigram model says comes next."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from topics.decoding.distribution import NextWord, contexts
from topics.figure import Choice, Drawing, Figure, Slider
from topics.phrases import say
from topics.plots import BLUE, FADED, GREEN, ORANGE, PURPLE, empty_plot

SHOWN = 16
CONTEXT = Choice("context", "The text so far", tuple(contexts()), "a cup of")
WORDS = sum(contexts()["a cup of"].counts)


def draw_temperature(context: str, temperature: float) -> Drawing:
    """Bars of the likeliest words before and after, and what the rest of the vocabulary holds."""
    word = contexts()[context]
    before, after = word.at_temperature(1.0), word.at_temperature(temperature)
    plot = empty_plot(y_title=say("probability"))
    for p, name, colour in (
        (before, say("temperature 1"), FADED),
        (after, say("temperature {t:.2f}", t=temperature), BLUE),
    ):
        rest = 1.0 - p[:SHOWN].sum()
        bars = [*word.names[:SHOWN], say("all the rest")]
        plot.add_bar(x=bars, y=[*p[:SHOWN], rest], name=name, marker_color=colour)
    plot.update_layout(barmode="group", xaxis_tickangle=-40, yaxis_range=[0, 1])
    return Drawing(plot, _temperature_text(word, before, after, temperature))


def _temperature_text(word: NextWord, before: np.ndarray, after: np.ndarray, t: float) -> str:
    return say(
        "At temperature {t:.2f} “{top}” has probability {now:.3f} (at 1: {then:.3f}). The entropy "
        "is {bits:.2f} bits, as much doubt as {even:,.1f} equally likely words give. "
        "The {n:,.0f} words outside the plot hold {rest:.1%} together.",
        t=t,
        top=word.names[0],
        now=after[0],
        then=before[0],
        bits=word.entropy(after),
        even=2 ** word.entropy(after),
        n=WORDS - SHOWN,
        rest=max(0.0, 1.0 - after[:SHOWN].sum()),
    )


FILTER_COLOURS = {"top-k": BLUE, "top-p": ORANGE, "min-p": PURPLE}
SHOWN_KEPT = 24


def draw_kept(context: str, temperature: float, k: float, p: float, min_p: float) -> Drawing:
    """The likeliest words, and under each a mark for every filter that keeps it."""
    word = contexts()[context]
    probability = word.at_temperature(temperature)
    kept = {
        "top-k": word.top_k(int(k)),
        "top-p": word.top_p(probability, p),
        "min-p": word.min_p(probability, min_p),
    }
    plot = empty_plot(y_title=say("probability"), height=430)
    names = list(word.names[:SHOWN_KEPT])
    plot.add_bar(x=names, y=probability[:SHOWN_KEPT], marker_color=GREEN, showlegend=False)
    for row, (name, counts) in enumerate(kept.items()):
        inside = [word for word, count in zip(names, counts, strict=False) if count]
        _add_marks(plot, inside, row, f"{name}: {counts.sum():,.0f}", FILTER_COLOURS[name])
    plot.update_layout(
        xaxis_tickangle=-40,
        xaxis={"categoryorder": "array", "categoryarray": names, "anchor": "y2"},
        yaxis={"domain": [0.3, 1.0]},
        yaxis2={"domain": [0.0, 0.24], "range": [2.6, -0.6], "visible": False},
    )
    lines = [
        say(
            "{name} keeps {n:,.0f} of {all:,.0f} words, which hold {mass:.1%}; "
            "“{top}” rises to {rise:.3f}.",
            name=f"**{name}**",
            n=counts.sum(),
            all=WORDS,
            mass=(counts * probability).sum(),
            top=word.names[0],
            rise=probability[0] / (counts * probability).sum(),
        )
        for name, counts in kept.items()
    ]
    return Drawing(plot, " ".join(lines))


def _add_marks(plot: go.Figure, words: list[str], row: int, name: str, colour: str) -> None:
    plot.add_scatter(
        x=words,
        y=[row] * len(words),
        yaxis="y2",
        mode="markers",
        marker={"symbol": "square", "size": 13, "color": colour},
        name=name,
    )


FIGURES = (
    Figure(
        "temperature",
        "Temperature on a real next-word distribution",
        (CONTEXT, Slider("temperature", "Temperature", 0.0, 2.0, 0.7, 0.05)),
        draw_temperature,
        "Probabilities of CMU's US English trigram model, which knows 72,546 words and looks at "
        "the last two. [end] ends the sentence.",
    ),
    Figure(
        "kept-set",
        "Which words survive top-k, top-p and min-p",
        (
            CONTEXT,
            Slider("temperature", "Temperature", 0.25, 2.0, 1.0, 0.05),
            Slider("k", "top-k: k", 1, 200, 40, 1),
            Slider("p", "top-p: p", 0.05, 1.0, 0.9, 0.05),
            Slider("min_p", "min-p: share of the likeliest", 0.0, 0.5, 0.05, 0.01),
        ),
        draw_kept,
        "Each filter works alone on the distribution after temperature. A coloured square marks a "
        "word that the filter keeps; the legend counts the kept words in the whole vocabulary.",
    ),
)
