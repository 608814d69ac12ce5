"""Live figures of the PEFT lesson on LoRA: rank, where it attaches, what the scale does."""

from __future__ import annotations

import numpy as np

from topics.figure import Choice, Drawing, Figure, Slider
from topics.memory.models import MODELS
from topics.peft.example import truncation_errors
from topics.peft.lora import (
    TARGETS,
    fit_update,
    initial_factors,
    scale_of,
    trainable_by_matrix,
    trainable_parameters,
    wanted_update,
)
from topics.phrases import say
from topics.plots import BLUE, GREEN, GREY, ORANGE, empty_plot

SIZE = 32  # of the update in the training figure
STEPS, LEARNING_RATE = 120, 0.01
ALPHAS = ("1", "2", "4", "8", "16", "32", "64", "128")
RANKS = ("1", "2", "4", "8", "16", "32")
STARTS = ("B = 0", "A = 0", "neither zero", "both zero")


def draw_rank(projection: str, rank: float) -> Drawing:
    """What the best rank-r matrix leaves out, for a real update, real weights and noise."""
    r, letter = int(rank), projection[0]
    plot = empty_plot(x_title=say("rank r"), y_title=say("left out, ‖M − M_r‖ / ‖M‖"))
    errors = {}
    for key, name, color in (
        (f"{letter}_update", say("ΔW of full tuning"), ORANGE),
        (f"{letter}_before", say("W before tuning"), BLUE),
        ("random", say("random numbers"), GREY),
    ):
        errors[key] = truncation_errors(key)
        ranks = list(range(len(errors[key])))
        plot.add_scatter(x=ranks, y=errors[key], name=name, line={"color": color})
    plot.add_vline(x=r, line={"color": GREY, "dash": "dash"})
    size = 128
    text = say(
        "Rank {r}: {lora:,} numbers instead of {full:,} ({share:.1%}). The best matrix of that "
        "rank leaves out {update:.0%} of this ΔW, {before:.0%} of W and {noise:.0%} of noise.",
        r=r,
        lora=2 * r * size,
        full=size * size,
        share=2 * r / size,
        update=errors[f"{letter}_update"][r],
        before=errors[f"{letter}_before"][r],
        noise=errors["random"][r],
    )
    return Drawing(plot, text)


def draw_where(model: str, targets: str, rank: float) -> Drawing:
    """Bars of trained parameters by matrix of one layer, and the share of the whole model."""
    shape, chosen, r = MODELS[model], TARGETS[targets], int(rank)
    by_matrix = trainable_by_matrix(shape, chosen, r)
    plot = empty_plot(x_title=say("trained parameters in each layer"), height=340)
    plot.add_bar(
        y=list(by_matrix), x=list(by_matrix.values()), orientation="h", marker_color=ORANGE
    )
    plot.update_yaxes(autorange="reversed", showgrid=False)
    plot.update_layout(margin={"l": 90})
    trained, total = trainable_parameters(shape, chosen, r), shape.parameters()
    text = say(
        "{layers} layers: {trained:,} trained parameters beside {total:,} frozen ones, "
        "{share:.3%} of all. At 16 bytes each they take {gb:.2f} GB with gradients and Adam; the "
        "adapter file in bf16 is {mb:,.0f} MB.",
        layers=shape.n_layers,
        trained=trained,
        total=total,
        share=trained / (trained + total),
        gb=16 * trained / 1e9,
        mb=2 * trained / 1e6,
    )
    return Drawing(plot, text)


def draw_scale(start: str, rank: str, alpha: str, rule: str) -> Drawing:
    """LoRA trained by Adam towards a wanted update; the dashed line is the best this rank can."""
    r, target = int(rank), wanted_update(SIZE)
    scale = scale_of(rule, float(alpha), r)
    a, b = initial_factors(start, r, SIZE, SIZE)
    curve = fit_update(target, scale, a, b, STEPS, LEARNING_RATE)
    floor = _best_possible(r)
    plot = empty_plot(x_title=say("step"), y_title=say("what remains of the update"))
    plot.add_scatter(y=curve, name=say("LoRA"), line={"color": ORANGE})
    ends = [0, STEPS]
    dashed = {"color": GREEN, "dash": "dash"}
    plot.add_scatter(
        x=ends, y=[floor, floor], mode="lines", name=say("best of rank r"), line=dashed
    )
    dotted = {"color": GREY, "dash": "dot"}
    plot.add_scatter(x=ends, y=[1, 1], mode="lines", name=say("no update"), line=dotted)
    near = next((i for i, loss in enumerate(curve) if loss < floor + 0.05), None)
    arrival = (
        say(
            "It comes within 0.05 of the best, {floor:.3f}, at step {step}.", floor=floor, step=near
        )
        if near is not None
        else say("It does not come within 0.05 of the best, {floor:.3f}.", floor=floor)
    )
    text = say(
        "Scale {scale:g}. It starts at {first:.2f}, peaks at {worst:.2f} and ends at {last:.3f}.",
        scale=round(scale, 4),
        first=curve[0],
        worst=max(curve),
        last=curve[-1],
    )
    return Drawing(plot, f"{text} {arrival}")


def _best_possible(rank: int) -> float:
    """What the best matrix of this rank leaves of the wanted update, squared and relative."""
    squares = 0.8 ** (2.0 * np.arange(SIZE))
    return float(squares[rank:].sum() / squares.sum())


FIGURES = (
    Figure(
        "rank-and-error",
        "Is the update low in rank?",
        (
            Choice("projection", "Projection", ("query", "value"), "value"),
            Slider("rank", "Rank r", 1, 127, 8, 1),
        ),
        draw_rank,
        "Truncated SVD of 128 × 128 matrices: what full tuning added to a small model, that "
        "model's weights before, and Gaussian noise.",
    ),
    Figure(
        "where-lora-attaches",
        "Where LoRA attaches, and what share trains",
        (
            Choice("model", "Model", tuple(MODELS), "Llama 2 7B"),
            Choice("targets", "LoRA on", tuple(TARGETS), "q, v"),
            Slider("rank", "Rank r", 1, 128, 8, 1),
        ),
        draw_where,
        "Each matrix of shape (d_out, d_in) gets r (d_in + d_out) trained parameters.",
    ),
    Figure(
        "scale-and-start",
        "What alpha, the scale and the start do",
        (
            Choice("start", "Start", STARTS, "B = 0"),
            Choice("rank", "Rank r", RANKS, "4"),
            Choice("alpha", "alpha", ALPHAS, "8"),
            Choice("rule", "Scale", ("alpha / r", "alpha / √r"), "alpha / r"),
        ),
        draw_scale,
        "Adam, learning rate 0.01, on A (r, 32) and B (32, r), towards a made-up 32 × 32 update. "
        "1 means nothing learnt, 0 the whole update.",
    ),
)
