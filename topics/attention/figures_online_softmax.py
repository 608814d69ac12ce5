"""Online softmax, block by block: the running maximum, the running sum, the rescaled output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from topics.figure import Drawing, Figure, Slider
from topics.phrases import say
from topics.plots import AXIS, BLUE, FADED, GREEN, GREY, ORANGE, empty_plot

SCORES = np.array([2.0, 0.0, 1.0, 3.0, 0.5, 2.5, 4.0, 1.5, 3.5, 0.0, 2.0, 1.0])
VALUES = np.array([30.0, 40.0, 10.0, 20.0, 25.0, 35.0, 50.0, 15.0, 45.0, 5.0, 20.0, 10.0])


@dataclass(frozen=True)
class State:
    """What one row of FlashAttention carries from block to block."""

    maximum: float
    total: float  # Σ exp(score − maximum) over the keys seen
    weighted: float  # Σ exp(score − maximum) · value
    rescale: float  # what the last block multiplied the old sums by

    @property
    def output(self) -> float:
        return self.weighted / self.total


def add_block(state: State, scores: np.ndarray, values: np.ndarray) -> State:
    """One step: the new maximum, the old sums rescaled to it, the block added."""
    maximum = max(state.maximum, float(scores.max()))
    rescale = float(np.exp(state.maximum - maximum))
    weights = np.exp(scores - maximum)
    return State(
        maximum,
        state.total * rescale + float(weights.sum()),
        state.weighted * rescale + float(weights @ values),
        rescale,
    )


def states(block: int) -> list[State]:
    """The state after each block."""
    found = [State(-np.inf, 0.0, 0.0, 0.0)]
    for start in range(0, len(SCORES), block):
        part = slice(start, start + block)
        found.append(add_block(found[-1], SCORES[part], VALUES[part]))
    return found[1:]


def draw_online(block: float, step: float) -> Drawing:
    """The scores seen so far, and how the output moves to the exact answer."""
    size = int(block)
    history = states(size)
    done = min(int(step), len(history))
    state = history[done - 1]
    keys = np.arange(len(SCORES))
    first, last = (done - 1) * size, done * size
    colours = np.where(keys < first, BLUE, np.where(keys < last, ORANGE, FADED))
    plot = empty_plot(height=400)
    plot.add_bar(x=keys, y=SCORES, marker_color=colours, showlegend=False)
    plot.add_hline(y=state.maximum, line={"color": GREY, "dash": "dash"})
    blocks = np.arange(1, len(history) + 1)
    axes = {"xaxis": "x2", "yaxis": "y2"}
    outputs = [one.output for one in history]
    exact = [outputs[-1]] * len(blocks)
    plot.add_scatter(x=blocks, y=exact, name=say("exact answer"), line_color=GREEN, **axes)
    plot.add_scatter(
        x=blocks[:done],
        y=outputs[:done],
        name=say("output so far"),
        mode="lines+markers",
        line_color=ORANGE,
        **axes,
    )
    plot.update_layout(
        xaxis={"domain": [0, 0.46], "title": say("key"), "dtick": 1},
        yaxis={"title": say("score")},
        xaxis2=AXIS
        | {"domain": [0.58, 1], "anchor": "y2", "title": say("blocks done"), "dtick": 1},
        yaxis2=AXIS | {"anchor": "x2", "title": say("output"), "range": [15, 45]},
    )
    return Drawing(
        plot,
        say(
            "After block {done} of {n}: m = {m:.1f}, the old sums were multiplied by "
            "{rescale:.4f}, l = {total:.4f}, output = {output:.4f}. The exact answer is "
            "{exact:.4f}.",
            done=done,
            n=len(history),
            m=state.maximum,
            rescale=state.rescale,
            total=state.total,
            output=state.output,
            exact=outputs[-1],
        ),
    )


FIGURES = (
    Figure(
        "online-softmax",
        "Online softmax, block by block",
        (
            Slider("block", "Keys in a block", 1, 6, 2, 1),
            Slider("step", "Blocks done", 1, 12, 2, 1),
        ),
        draw_online,
        "Left: the scores of one query; the current block is orange and the dashed line is the "
        "running maximum. Right: the output if the row ended here.",
    ),
)
