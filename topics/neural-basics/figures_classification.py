"""Where to cut a classifier's scores, and what a loss says about a confident mistake."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from topics.figure import Choice, Drawing, Figure, Slider
from topics.phrases import say
from topics.plots import AXIS, BLUE, FADED, GREY, ORANGE, empty_plot

Array = NDArray[np.float64]

EXAMPLES = 10_000


@dataclass(frozen=True)
class Counts:
    """The four cells of a confusion matrix."""

    tp: float
    fp: float
    fn: float
    tn: float

    @property
    def precision(self) -> float:
        """Of what was called positive, the share that is. By convention 1 if nothing was called."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 1.0

    @property
    def recall(self) -> float:
        return self.tp / (self.tp + self.fn)

    @property
    def f1(self) -> float:
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn)

    @property
    def accuracy(self) -> float:
        return (self.tp + self.tn) / EXAMPLES


def counts(threshold: float, prevalence: float, separation: float) -> Counts:
    """Expected counts among 10,000 when negatives score N(0, 1) and positives N(separation, 1)."""
    positives = EXAMPLES * prevalence
    found = positives * (1 - NormalDist(separation, 1).cdf(threshold))
    false = (EXAMPLES - positives) * (1 - NormalDist().cdf(threshold))
    return Counts(found, false, positives - found, EXAMPLES - positives - false)


def roc_auc(separation: float) -> float:
    """The chance that a random positive outscores a random negative: Φ(separation / √2)."""
    return NormalDist().cdf(separation / 2**0.5)


SCORES = np.linspace(-3.5, 7.0, 106)


def draw_threshold(threshold: float, prevalence: float, separation: float) -> Drawing:
    """The two score distributions with the cut, and precision and recall against the cut."""
    here = counts(threshold, prevalence, separation)
    plot = empty_plot(x_title=say("score"), height=400)
    for name, mean, share, colour in (
        (say("negatives"), 0.0, 1 - prevalence, FADED),
        (say("positives"), separation, prevalence, BLUE),
    ):
        density = share * np.exp(-((SCORES - mean) ** 2) / 2)
        plot.add_scatter(x=SCORES, y=density, name=name, line_color=colour, fill="tozeroy")
    cut = {"x": [threshold, threshold], "mode": "lines", "showlegend": False, "line_color": GREY}
    plot.add_scatter(**cut, y=[0, 1])
    second = {"xaxis": "x2", "yaxis": "y2"}
    curve = [counts(float(t), prevalence, separation) for t in SCORES[::3]]
    for name, values, dash, colour in (
        (say("precision"), [one.precision for one in curve], "solid", ORANGE),
        (say("recall"), [one.recall for one in curve], "solid", BLUE),
        ("F1", [one.f1 for one in curve], "dot", GREY),
    ):
        line = {"color": colour, "dash": dash}
        plot.add_scatter(x=SCORES[::3], y=values, name=name, mode="lines", line=line, **second)
    plot.add_scatter(**cut, y=[0, 1], **second)
    plot.update_layout(
        xaxis={"domain": [0, 0.46]},
        xaxis2=AXIS | {"domain": [0.54, 1], "anchor": "y2", "title": say("threshold")},
        yaxis2=AXIS | {"anchor": "x2", "range": [0, 1.02]},
        yaxis={"showticklabels": False},
    )
    return Drawing(
        plot,
        say(
            "Of 10,000: TP {tp:,.0f}, FP {fp:,.0f}, FN {fn:,.0f}, TN {tn:,.0f}. Precision "
            "{precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}, accuracy {accuracy:.3f}. "
            "ROC-AUC is {auc:.3f} at every threshold.",
            tp=here.tp,
            fp=here.fp,
            fn=here.fn,
            tn=here.tn,
            precision=here.precision,
            recall=here.recall,
            f1=here.f1,
            accuracy=here.accuracy,
            auc=roc_auc(separation),
        ),
    )


LOGITS = np.linspace(-6, 6, 97)


def losses(logit: Array, target: float) -> tuple[Array, Array, Array, Array]:
    """Cross-entropy, squared error of the probability, and the gradient of each by the logit."""
    p = 1 / (1 + np.exp(-logit))
    sign = 1 - 2 * target
    entropy = np.logaddexp(0, sign * logit)
    return entropy, (p - target) ** 2, p - target, 2 * (p - target) * p * (1 - p)


def draw_losses(logit: float, target: str) -> Drawing:
    """Sizes of both gradients against the logit, and their values at the chosen one."""
    label = float(target)
    _, _, entropy_slope, square_slope = losses(LOGITS, label)
    plot = empty_plot(x_title=say("logit"), y_title=say("size of the gradient"))
    for name, slope, colour in (
        (say("cross-entropy"), entropy_slope, BLUE),
        (say("squared error"), square_slope, ORANGE),
    ):
        plot.add_scatter(x=LOGITS, y=np.abs(slope), name=name, line_color=colour)
    cut = {"x": [logit, logit], "y": [0, 1], "mode": "lines", "showlegend": False}
    plot.add_scatter(**cut, line={"color": GREY, "dash": "dash"})
    entropy, square, entropy_slope, square_slope = losses(np.array(logit), label)
    return Drawing(
        plot,
        say(
            "The model says {p:.4f} and the label is {target}. Cross-entropy is {entropy:.3f} with "
            "gradient {entropy_slope:+.4f}; squared error is {square:.3f} with gradient "
            "{square_slope:+.4f}.",
            p=1 / (1 + np.exp(-logit)),
            target=target,
            entropy=float(entropy),
            entropy_slope=float(entropy_slope),
            square=float(square),
            square_slope=float(square_slope),
        ),
    )


FIGURES = (
    Figure(
        "threshold",
        "Moving the threshold",
        (
            Slider("threshold", "Threshold", -3.0, 6.0, 1.5, 0.1),
            Slider("prevalence", "Share of positives", 0.01, 0.5, 0.1, 0.01),
            Slider("separation", "Distance between the classes", 0.0, 4.0, 2.0, 0.1),
        ),
        draw_threshold,
        "Scores of negatives are normal around 0, of positives around the distance you set.",
    ),
    Figure(
        "losses",
        "Why classifiers are trained with cross-entropy",
        (
            Slider("logit", "Logit of the model", -6.0, 6.0, -5.0, 0.1),
            Choice("target", "Label", ("0", "1"), "1"),
        ),
        draw_losses,
        "One example, one logit; the probability is its sigmoid.",
    ),
)
