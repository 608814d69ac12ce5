"""Live figures of the distributed lesson on what is sent and stored: ring all-reduce, ZeRO."""

from __future__ import annotations

import plotly.graph_objects as go

from topics.distributed.ring import after, bytes_sent_per_rank, seconds, sent_chunk
from topics.distributed.sharding import ModelState, zero_sent_per_step, zero_state
from topics.figure import Choice, Drawing, Figure, Slider
from topics.phrases import say
from topics.plots import BLUE, FADE_IN, GREEN, ORANGE, RED, empty_plot

GB = 1e9
LINKS = {"NVLink, 450 GB/s": 450e9, "InfiniBand, 50 GB/s": 50e9, "Ethernet, 3 GB/s": 3e9}
GPUS = ("1", "4", "8", "16", "64", "256", "1024")
CARDS = {"24": 24, "40": 40, "80": 80, "141": 141}


def draw_ring(n_ranks: float, step: float, payload: float, link: str) -> Drawing:
    """Rows are ranks, columns are chunks; a cell says whose data is summed in it."""
    n, steps = int(n_ranks), min(int(step), 2 * (int(n_ranks) - 1))
    held = after(steps, n)
    plot = empty_plot(x_title=say("chunk of the tensor"), y_title=say("rank"), height=160 + 34 * n)
    plot.add_heatmap(
        z=[[len(cell) / n for cell in row] for row in held],
        zmin=0,
        zmax=1,
        colorscale=FADE_IN,
        showscale=False,
        hoverinfo="skip",
        xgap=2,
        ygap=2,
    )
    plot.add_scatter(
        x=[chunk for _ in range(n) for chunk in range(n)],
        y=[rank for rank in range(n) for _ in range(n)],
        text=["".join(map(str, sorted(cell))) for row in held for cell in row],
        mode="text",
        hoverinfo="skip",
    )
    _outline_arrivals(plot, steps, n)
    plot.update_xaxes(dtick=1, showgrid=False, zeroline=False, range=[-0.5, n - 0.5])
    plot.update_yaxes(dtick=1, showgrid=False, zeroline=False, range=[n - 0.5, -0.5])
    return Drawing(plot, _ring_text(n, steps, payload * GB, link))


def _outline_arrivals(plot: go.Figure, steps: int, n: int) -> None:
    """Mark the chunk that each rank has just received."""
    if not steps:
        return
    arrived = [sent_chunk((rank - 1) % n, steps - 1, n) for rank in range(n)]
    plot.update_layout(
        shapes=[
            {
                "type": "rect",
                "x0": chunk - 0.5,
                "x1": chunk + 0.5,
                "y0": rank - 0.5,
                "y1": rank + 0.5,
                "line": {"color": ORANGE, "width": 3},
            }
            for rank, chunk in enumerate(arrived)
        ]
    )


def _ring_text(n: int, steps: int, payload: float, link: str) -> str:
    last = 2 * (n - 1)
    if steps == 0:
        phase = say("Before the first step every rank has only its own data.")
    elif steps < last:
        name = say("reduce-scatter") if steps <= n - 1 else say("all-gather")
        phase = say("Step {step} of {last}, the {name}.", step=steps, last=last, name=name)
    else:
        phase = say("Done after {last} steps: every rank has the whole sum.", last=last)
    sent = say(
        "Each rank has sent {sent:.2f} GB; in the end {total:.2f} GB, which is "
        "2 × {left}/{n} = {ratio:.3f} times the {payload:.1f} GB.",
        sent=bytes_sent_per_rank(steps, n, payload) / GB,
        total=bytes_sent_per_rank(last, n, payload) / GB,
        left=n - 1,
        n=n,
        ratio=last / n,
        payload=payload / GB,
    )
    took = say(
        "Over this link the whole takes at least {ms:,.0f} ms.",
        ms=1e3 * seconds(n, payload, LINKS[link]),
    )
    return f"{phase} {sent} {took}"


def draw_zero(billions: float, gpus: str, card: str) -> Drawing:
    """Stacked bars of bytes per GPU for stages 0 to 3, with the card's size as a line."""
    n_gpus, n_params, card_bytes = int(gpus), billions * 1e9, CARDS[card] * 2**30
    states = [zero_state(n_params, n_gpus, stage) for stage in range(4)]
    plot = empty_plot(y_title=say("GB per GPU"))
    stages = [say("0: copies"), say("1: + optimiser"), say("2: + gradients"), say("3: + weights")]
    for name, color, heights in (
        (say("weights"), BLUE, [state.weights for state in states]),
        (say("gradients"), ORANGE, [state.gradients for state in states]),
        (say("optimiser"), GREEN, [state.optimizer for state in states]),
    ):
        plot.add_bar(x=stages, y=[height / GB for height in heights], name=name, marker_color=color)
    plot.update_layout(barmode="stack")
    plot.update_xaxes(title={"text": say("ZeRO stage: what is cut into shares")})
    plot.add_hline(y=card_bytes / GB, line={"color": RED, "dash": "dash"})
    return Drawing(plot, _zero_text(states, n_params, n_gpus, card_bytes))


def _zero_text(states: list[ModelState], n_params: float, n_gpus: int, card_bytes: float) -> str:
    totals = " → ".join(f"{state.total / GB:,.2f}" for state in states)
    sizes = say("Stage 0 to 3: {totals} GB per GPU, before activations.", totals=totals)
    fitting = [stage for stage, state in enumerate(states) if state.total < card_bytes]
    if fitting:
        verdict = say("The first stage that fits the card is {stage}.", stage=fitting[0])
    else:
        verdict = say("No stage fits the card with so few GPUs.")
    sent = say(
        "Each GPU sends {low:,.1f} GB a step in stages 0 to 2 and {high:,.1f} GB in stage 3.",
        low=zero_sent_per_step(n_params, n_gpus, 0) / GB,
        high=zero_sent_per_step(n_params, n_gpus, 3) / GB,
    )
    return f"{sizes} {verdict} {sent}"


FIGURES = (
    Figure(
        "ring-all-reduce",
        "Ring all-reduce, one step at a time",
        (
            Slider("n_ranks", "Ranks", 2, 8, 4, 1),
            Slider("step", "Steps done", 0, 14, 2, 1),
            Slider("payload", "Payload (GB)", 0.5, 28, 14, 0.5),
            Choice("link", "Link, each way", tuple(LINKS), next(iter(LINKS))),
        ),
        draw_ring,
        "Digits name the ranks whose data is summed in a chunk. Outlined: what just arrived from "
        "the rank above.",
    ),
    Figure(
        "zero-stages",
        "What one GPU holds under ZeRO",
        (
            Slider("billions", "Parameters (billions)", 0.5, 180, 7.5, 0.5),
            Choice("gpus", "GPUs", GPUS, "64"),
            Choice("card", "Card (GiB)", tuple(CARDS), "80"),
        ),
        draw_zero,
        "Two bytes a weight, two a gradient, twelve for Adam and the fp32 master weights. "
        "The dashed line is the card.",
    ),
)
