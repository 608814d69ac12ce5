"""Live figures of the memory lesson on training: one job's bytes by part, and what fits a card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import plotly.graph_objects as go

from topics.figure import Choice, Drawing, Figure, Slider, Toggle
from topics.memory.estimate import (
    GIB,
    METHODS,
    RECOMPUTE,
    RESERVE,
    Job,
    Parts,
    estimate,
    fits,
    longest_context,
)
from topics.memory.models import MODELS
from topics.phrases import say
from topics.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, empty_plot

CARDS = ("16", "24", "48", "80", "141")
CONTEXTS = ("1024", "2048", "4096", "8192", "16384", "32768")


def _bars(names: Sequence[str], parts: Sequence[Parts], height: int) -> go.Figure:
    """A horizontal bar of GiB for each name, stacked by part."""
    plot = empty_plot(x_title="GiB", height=height)
    for title, color, values in (
        (say("weights"), BLUE, [part.weights for part in parts]),
        (say("gradients"), ORANGE, [part.gradients for part in parts]),
        (say("optimiser"), GREEN, [part.optimizer for part in parts]),
        (say("activations"), PURPLE, [part.activations for part in parts]),
        (say("logits"), RED, [part.logits for part in parts]),
    ):
        plot.add_bar(
            y=names, x=[v / GIB for v in values], name=title, marker_color=color, orientation="h"
        )
    plot.update_layout(barmode="stack", legend_traceorder="normal", margin={"l": 110})
    plot.update_yaxes(autorange="reversed", showgrid=False)
    return plot


def draw_methods(
    model: str, rank: float, seq_len: str, batch: float, recompute: str, chunked: bool
) -> Drawing:
    """Three bars for one model and one batch: full fine-tuning, LoRA, QLoRA."""
    job = Job(MODELS[model], "full", int(rank), int(seq_len), int(batch), recompute, chunked)
    parts = [estimate(replace(job, method=method)) for method in METHODS]
    plot = _bars(METHODS, parts, height=280)
    totals = ", ".join(
        f"{method} {part.total / GIB:.1f}" for method, part in zip(METHODS, parts, strict=True)
    )
    text = say(
        "In GiB: {totals}. Activations and logits, {same:.1f} GiB, are the same for all three: "
        "tuning fewer parameters does not shrink them.",
        totals=totals,
        same=(parts[0].activations + parts[0].logits) / GIB,
    )
    return Drawing(plot, text)


def draw_what_fits(card: str, method: str, seq_len: str, recompute: str, chunked: bool) -> Drawing:
    """A bar per model against one card, batch 1, rank 16; what does not fit is named."""
    card_bytes = int(card) * GIB
    jobs = [
        Job(model, method, 16, int(seq_len), 1, recompute, chunked) for model in MODELS.values()
    ]
    plot = _bars(list(MODELS), [estimate(job) for job in jobs], height=440)
    plot.add_vline(x=(card_bytes - RESERVE) / GIB, line={"color": GREY, "dash": "dash"})
    plot.update_xaxes(range=[0, 2.2 * card_bytes / GIB])
    good = [job for job in jobs if fits(job, card_bytes)]
    if not good:
        return Drawing(plot, say("Nothing on this list fits. Shorten the context or recompute."))
    largest = max(good, key=lambda job: job.model.parameters())
    text = say(
        "Fits: {names}. The largest, {largest}, takes {need:.1f} of {card} GiB and would hold "
        "sequences of up to {tokens:,} tokens.",
        names=", ".join(job.model.name for job in good),
        largest=largest.model.name,
        need=estimate(largest).total / GIB,
        card=card,
        tokens=longest_context(largest, card_bytes),
    )
    return Drawing(plot, text)


FIGURES = (
    Figure(
        "training-memory",
        "Full fine-tuning, LoRA and QLoRA on one card",
        (
            Choice("model", "Model", tuple(MODELS), "Llama 2 7B"),
            Slider("rank", "LoRA rank", 8, 256, 16, 8),
            Choice("seq_len", "Tokens in a sequence", CONTEXTS, "2048"),
            Slider("batch", "Sequences in a batch", 1, 16, 1, 1),
            Choice("recompute", "Recomputation", RECOMPUTE, "off"),
            Toggle("chunked", "Loss computed in chunks", False),
        ),
        draw_methods,
        "bf16 weights and gradients, fp32 master weights and Adam for what trains, LoRA on every "
        "matrix of every layer, fused kernels. Not counted: about 1 GiB for CUDA and workspaces.",
    ),
    Figure(
        "what-fits",
        "What fits on this card?",
        (
            Choice("card", "Card (GiB)", CARDS, "24"),
            Choice("method", "Method", METHODS, "QLoRA"),
            Choice("seq_len", "Tokens in a sequence", CONTEXTS, "8192"),
            Choice("recompute", "Recomputation", RECOMPUTE, "on"),
            Toggle("chunked", "Loss computed in chunks", False),
        ),
        draw_what_fits,
        "One sequence at a time, rank 16 on every matrix. The dashed line is the card less 1 GiB "
        "for CUDA and workspaces.",
    ),
)
