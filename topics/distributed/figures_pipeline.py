"""The live figure of the distributed lesson on pipelines: schedules on a timeline."""

from __future__ import annotations

import plotly.graph_objects as go

from topics.figure import Choice, Drawing, Figure, Slider
from topics.labs.parallel.pipeline.ops import Kind
from topics.labs.parallel.pipeline.result import Event, PipelineResult
from topics.labs.parallel.pipeline.schedules import get_schedule
from topics.labs.parallel.pipeline.settings import PipelineSettings
from topics.labs.parallel.pipeline.simulate import simulate_pipeline
from topics.phrases import say
from topics.plots import BLUE, GREEN, ORANGE, empty_plot

INK = "#10131a"  # readable on the bars of both themes
PALE = {BLUE: "#9cc3ee", ORANGE: "#f2b793", GREEN: "#93d3ae"}  # the second group of layers
SCHEDULES = {"GPipe": "gpipe", "1F1B": "1f1b", "interleaved 1F1B": "interleaved", "ZB-H1": "zb-h1"}


def simulate(schedule: str, n_stages: int, n_micro: int, backward: float) -> PipelineResult:
    """The lab's simulation in units of one forward, with as many micro-batches as it takes.

    Some schedules need one micro-batch a stage, or whole groups of them: then more are run.
    """
    rules = get_schedule(SCHEDULES[schedule])
    n_micro = max(n_micro, rules.min_micro_batches(n_stages))
    if rules.whole_rounds:
        n_micro = -(-n_micro // n_stages) * n_stages
    return simulate_pipeline(
        PipelineSettings(
            schedule=rules.name,
            n_stages=n_stages,
            n_micro_batches=n_micro,
            backward_input=backward / 2,
            backward_weight=backward / 2,
        )
    )


def draw_pipeline(schedule: str, n_stages: float, n_micro: float, backward: float) -> Drawing:
    """A bar per piece of work, a row per stage; what is empty is the bubble."""
    result = simulate(schedule, int(n_stages), int(n_micro), backward)
    plot = empty_plot(
        x_title=say("time, in forwards of one micro-batch"),
        y_title=say("GPU"),
        height=150 + 36 * int(n_stages),
    )
    names = {
        Kind.FORWARD: (say("forward"), BLUE),
        Kind.BACKWARD: (say("backward"), ORANGE),
        Kind.BACKWARD_INPUT: (say("backward, inputs"), ORANGE),
        Kind.BACKWARD_WEIGHT: (say("backward, weights"), GREEN),
    }
    events = list(result.events())
    for kind, (name, color) in names.items():
        chosen = [event for event in events if event.kind == kind]
        if chosen:
            _add_bars(plot, chosen, name, color)
    plot.update_layout(barmode="overlay", bargap=0.15)
    plot.update_xaxes(range=[0, result.makespan])
    plot.update_yaxes(dtick=1, autorange="reversed", showgrid=False, zeroline=False)
    return Drawing(plot, _text(result, int(n_micro)))


def _add_bars(plot: go.Figure, events: list[Event], name: str, color: str) -> None:
    plot.add_bar(
        y=[event.rank for event in events],
        x=[event.end - event.start for event in events],
        base=[event.start for event in events],
        text=[str(event.micro_batch) for event in events],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        textfont={"color": INK},
        orientation="h",
        name=name,
        marker={
            "color": [PALE[color] if event.chunk else color for event in events],
            "line": {"color": INK, "width": 0.5},
        },
        hoverinfo="skip",
    )


def _text(result: PipelineResult, asked: int) -> str:
    settings = result.settings
    text = say(
        "p = {p}, m = {m}: {span:g} forwards long. Bubble: {wall:.1%} of wall clock, {ideal:.1%} "
        "over ideal time. Stage 0 holds the activations of up to {live:g} micro-batches at once.",
        p=settings.n_stages,
        m=settings.n_micro_batches,
        span=result.makespan,
        wall=result.makespan_bubble_over_wall,
        ideal=result.makespan_bubble_over_ideal,
        live=float(result.peak_live_micro_batches[0]),
    )
    if settings.n_micro_batches == asked:
        return text
    return (
        text
        + " "
        + say("This schedule fills the pipeline first, so m is raised from {m}.", m=asked)
    )


FIGURES = (
    Figure(
        "pipeline-timeline",
        "Pipeline schedules on a timeline",
        (
            Choice("schedule", "Schedule", tuple(SCHEDULES), "1F1B"),
            Slider("n_stages", "Stages p", 2, 8, 4, 1),
            Slider("n_micro", "Micro-batches m", 1, 16, 8, 1),
            Slider("backward", "Backward time / forward time", 0.5, 3, 2, 0.5),
        ),
        draw_pipeline,
        "The number in a box is its micro-batch; a paler box belongs to the GPU's second group of "
        "layers. Sending between stages is taken as free.",
    ),
)
