"""The timeline of a pipeline: a bar per operation, or a picture where there are too many bars."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from topics.labs.parallel.charts.house import EDGE, lab_plot
from topics.labs.parallel.pipeline.ops import Kind
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.phrases import say
from topics.plots import BLUE, GREEN, ORANGE

MOST_BARS = 5000  # more than this is slow to draw in a browser
MOST_LABELS = 800
WIDTH = 650  # pixels of the time axis on an ordinary screen
SLICES = 1200  # columns of the picture
COLOURS = {
    Kind.FORWARD: BLUE,
    Kind.BACKWARD: ORANGE,
    Kind.BACKWARD_INPUT: ORANGE,
    Kind.BACKWARD_WEIGHT: GREEN,
}
NAMES = {
    Kind.FORWARD: "forward",
    Kind.BACKWARD: "backward",
    Kind.BACKWARD_INPUT: "input gradient",
    Kind.BACKWARD_WEIGHT: "weight gradient",
}
FAINT = 0.55  # alpha of every second chunk


def timeline_chart(
    result: PipelineResult, title: str = "", until: float | None = None
) -> go.Figure:
    """Ranks downwards, time to the right; hover tells the micro-batch, the chunk and the times.

    `until` ends the time axis there, so that two timelines can be compared.
    """
    n_ranks = result.shape.n_ranks
    plot = lab_plot(
        title,
        say("time"),
        say("rank"),
        125 + min(520, max(120, 30 * n_ranks)),
        barmode="overlay",
        uniformtext={"minsize": 8, "mode": "hide"},
        xaxis={"range": [0, until or result.makespan]},
        yaxis={"autorange": "reversed", "dtick": 1 if n_ranks <= 24 else None},
    )
    if result.n_events <= MOST_BARS:
        _bars(plot, result, until or result.makespan)
    else:
        _picture(plot, result)
    return plot


def _bars(plot: go.Figure, result: PipelineResult, until: float) -> None:
    codes = result.timeline.codes
    kinds, stages, micro_batches = result.shape.decode(codes)
    chunks = stages // result.shape.n_ranks
    ranks = np.broadcast_to(np.arange(result.shape.n_ranks)[:, None], codes.shape)
    digits = len(str(result.shape.n_micro_batches - 1))
    legible = (6 + 7 * digits) * until / WIDTH  # a shorter bar has no room for its number
    for kind, colour in COLOURS.items():
        for odd in (0, 1):
            chosen = (codes >= 0) & (kinds == kind) & (chunks % 2 == odd)
            if not chosen.any():
                continue
            start, end = result.timeline.start[chosen], result.timeline.end[chosen]
            labelled = result.n_events <= MOST_LABELS and (end - start).min() >= legible
            details = np.stack([micro_batches[chosen], chunks[chosen], start, end], axis=-1)
            name = say(NAMES[kind]) + (say(", odd chunks") if odd else "")
            plot.add_bar(
                orientation="h",
                base=start,
                x=end - start,
                y=ranks[chosen],
                customdata=details,
                marker={"color": _faint(colour) if odd else colour, "line": EDGE},
                name=name,
                text=micro_batches[chosen].tolist() if labelled else None,
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"color": "white"},
                hovertemplate=_hover(name, result.shape.n_chunks > 1),
            )


def _faint(colour: str) -> str:
    """#rrggbb as rgba: a marker's own opacity would not show in the legend."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({','.join(str(part) for part in parts)},{FAINT})"


def _hover(name: str, chunked: bool) -> str:
    chunk = "<br>" + say("chunk") + " %{customdata[1]:d}" if chunked else ""
    return (
        f"{name}, {say('micro-batch')} %{{customdata[0]:d}}{chunk}<br>{say('rank')} %{{y}}<br>"
        f"{say('from')} %{{customdata[2]:.4~g}} {say('to')} %{{customdata[3]:.4~g}}<extra></extra>"
    )


def _picture(plot: go.Figure, result: PipelineResult) -> None:
    """One cell per rank and slice of time, coloured by what runs in the middle of the slice."""
    shown, micro_batches = slices(result)
    colours = [COLOURS[kind] for kind in (Kind.FORWARD, Kind.BACKWARD, Kind.BACKWARD_WEIGHT)]
    width = result.makespan / shown.shape[1]
    plot.add_heatmap(
        z=shown,
        x0=width / 2,
        dx=width,
        zmin=0,
        zmax=3,
        colorscale=[(edge / 3, colour) for i, colour in enumerate(colours) for edge in (i, i + 1)],
        showscale=False,
        hoverongaps=False,
        customdata=micro_batches,
        hovertemplate=(
            f"{say('rank')} %{{y}}<br>{say('micro-batch')} %{{customdata}}<br>"
            f"{say('time')} %{{x:.4~g}}<extra></extra>"
        ),
    )
    for name, colour in zip(("forward", "backward", "weight gradient"), colours, strict=True):
        plot.add_scatter(
            x=[None], y=[None], mode="markers", marker={"color": colour, "symbol": "square"},
            name=say(name),
        )  # fmt: skip


def slices(
    result: PipelineResult, n_slices: int = SLICES
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """What each rank runs in the middle of each of `n_slices` slices of the makespan.

    Returns two (n_ranks, n_slices) tables: 0.5 forward, 1.5 backward, 2.5 weight gradient, NaN
    idle; and the micro-batch, −1 where idle.
    """
    codes, start, end = result.timeline.codes, result.timeline.start, result.timeline.end
    kinds, _, micro_batches = result.shape.decode(codes)
    middles = (np.arange(n_slices) + 0.5) * result.makespan / n_slices
    shades = np.array([0.5, 1.5, 2.5, 1.5], dtype=np.float32)
    shown = np.full((len(codes), n_slices), np.nan, dtype=np.float32)
    which = np.full((len(codes), n_slices), -1, dtype=np.int32)
    for rank, order in enumerate(codes):
        n = int((order >= 0).sum())
        at = np.searchsorted(start[rank, :n], middles, side="right") - 1
        running = (at >= 0) & (middles < end[rank, np.maximum(at, 0)])
        shown[rank, running] = shades[kinds[rank, at[running]]]
        which[rank, running] = micro_batches[rank, at[running]]
    return shown, which
