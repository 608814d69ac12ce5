"""What the three repetition penalties do to logits of words that have been said already."""

from __future__ import annotations

import numpy as np

from topics.figure import Drawing, Figure, Slider
from topics.phrases import say
from topics.plots import BLUE, FADED, empty_plot

WORDS = ("the", "cat", "mat", "dog", "sofa")
TIMES_SAID = np.array([3, 2, 1, 0, 0])
LOGITS = np.array([3.0, 2.0, -0.5, 1.0, 0.0])


def penalised(frequency: float, presence: float, repetition: float) -> np.ndarray:
    """Logits after the penalties, shape (5,): the repetition penalty first, then the other two.

    Repetition: CTRL (arXiv:1909.05858) with the usual repair for negative logits. Frequency and
    presence: as in the OpenAI API, logit − count · frequency − [count > 0] · presence.
    """
    said = TIMES_SAID > 0
    shrunk = np.where(LOGITS > 0, LOGITS / repetition, LOGITS * repetition)
    logits = np.where(said, shrunk, LOGITS)
    return np.asarray(logits - frequency * TIMES_SAID - presence * said)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, shape (5,)."""
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())


def draw_penalties(frequency: float, presence: float, repetition: float) -> Drawing:
    """Probabilities of five words before and after the penalties."""
    logits = penalised(frequency, presence, repetition)
    before, after = softmax(LOGITS), softmax(logits)
    labels = [
        say("{word} (said {n}×)", word=word, n=n) for word, n in zip(WORDS, TIMES_SAID, strict=True)
    ]
    plot = empty_plot(y_title=say("probability"))
    plot.add_bar(x=labels, y=before, name=say("before"), marker_color=FADED)
    plot.add_bar(x=labels, y=after, name=say("after"), marker_color=BLUE)
    plot.update_layout(barmode="group", yaxis_range=[0, 1])
    changes = ", ".join(
        f"{word} {old:+.1f} → {new:+.2f}"
        for word, old, new in zip(WORDS, LOGITS, logits, strict=True)
    )
    return Drawing(
        plot,
        say(
            "Logits: {changes}. “the” goes from {before:.3f} to {after:.3f}.",
            changes=changes,
            before=before[0],
            after=after[0],
        ),
    )


FIGURES = (
    Figure(
        "penalties",
        "Frequency, presence and repetition penalties",
        (
            Slider("frequency", "Frequency penalty", 0.0, 2.0, 0.5, 0.1),
            Slider("presence", "Presence penalty", 0.0, 2.0, 0.0, 0.1),
            Slider("repetition", "Repetition penalty", 1.0, 2.0, 1.0, 0.05),
        ),
        draw_penalties,
        "Five words with made-up logits. “mat” starts below zero, which shows why the repetition "
        "penalty must multiply a negative logit.",
    ),
)
