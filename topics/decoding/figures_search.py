"""Beam search against greedy, on the stored trigram model."""

from __future__ import annotations

from topics.decoding.beam import END, SPOKEN_END, Hypothesis, StoredModel, search
from topics.figure import Choice, Drawing, Figure, Slider
from topics.phrases import say
from topics.plots import BLUE, FADED, empty_plot

SHOWN = 8


def draw_beam(start: str, width: float, steps: float, length_penalty: float) -> Drawing:
    """The best hypotheses a beam ends with, and what greedy would have said."""
    begin = tuple(start.split())
    found = search(StoredModel(), begin, int(width), int(steps))
    found.sort(key=lambda one: -one.score(length_penalty))
    shown = found[:SHOWN][::-1]
    plot = empty_plot(x_title=say("score: log P / length^penalty"), height=120 + 34 * len(shown))
    for finished, name, colour in (
        (True, say("ended"), BLUE),
        (False, say("still open at the limit"), FADED),
    ):
        part = [one for one in shown if one.finished == finished]
        plot.add_bar(
            x=[one.score(length_penalty) for one in part],
            y=[_spoken(start, one) for one in part],
            orientation="h",
            name=name,
            marker_color=colour,
        )
    order = [_spoken(start, one) for one in shown]
    plot.update_layout(barmode="overlay", margin={"l": 320})
    plot.update_yaxes(categoryorder="array", categoryarray=order, automargin=True)
    return Drawing(plot, _text(start, begin, found[0], int(steps), length_penalty))


def _text(
    start: str, begin: tuple[str, ...], best: Hypothesis, steps: int, length_penalty: float
) -> str:
    greedy = _greedy(begin, steps)
    return say(
        "Best of the beam: “{best}”, log P {best_log:.2f}, score {best_score:.2f}. Greedy says "
        "“{greedy}”, log P {greedy_log:.2f}, score {greedy_score:.2f}.",
        best=_spoken(start, best),
        best_log=best.log_probability,
        best_score=best.score(length_penalty),
        greedy=_spoken(start, greedy),
        greedy_log=greedy.log_probability,
        greedy_score=greedy.score(length_penalty),
    )


def _greedy(begin: tuple[str, ...], steps: int) -> Hypothesis:
    """The likeliest word each time, until the end mark or the limit."""
    one = Hypothesis((), 0.0)
    while not one.finished and len(one.words) < steps:
        word, log_p = StoredModel().continuations(*(begin + one.words)[-2:])[0]
        one = Hypothesis((*one.words, word), one.log_probability + log_p)
    return one


def _spoken(start: str, one: Hypothesis) -> str:
    return " ".join((start, *one.words)).replace(END, SPOKEN_END)


FIGURES = (
    Figure(
        "beam",
        "Beam search against greedy",
        (
            Choice("start", "The text so far", ("as a", "a cup", "she opened", "there is"), "as a"),
            Slider("width", "Beam width", 1, 5, 3, 1),
            Slider("steps", "Words to add at most", 2, 8, 7, 1),
            Slider("length_penalty", "Length penalty", 0.0, 1.5, 0.0, 0.1),
        ),
        draw_beam,
        "The same trigram model. Scores are natural logarithms, so nearer to zero is better. "
        "[end] ends the sentence.",
    ),
)
