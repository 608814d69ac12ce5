"""More of a pipeline: memory over time, what each rank holds, the bubble against micro-batches."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from topics.labs.parallel.charts.house import lab_plot
from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.pipeline.schedules import SCHEDULES
from topics.labs.parallel.pipeline.settings import PipelineSettings
from topics.labs.parallel.pipeline.simulate import simulate_pipeline
from topics.phrases import say
from topics.plots import BLUE, FADED, SERIES

GIB = 2**30
MOST_LINES = 5
COMPARED = ("gpipe", "1f1b", "interleaved", "zb-h1", "zb-v")
OPERATIONS = 8_000  # for all points of the bubble chart together: about 15 ms


def memory_chart(result: PipelineResult, title: str = "", until: float | None = None) -> go.Figure:
    """GiB on some of the ranks over time; `until` ends the time axis there."""
    plot = lab_plot(
        title,
        say("time"),
        "GiB",
        xaxis={"range": [0, until or result.makespan]},
        yaxis={"rangemode": "tozero"},
    )
    for i, rank in enumerate(some_ranks(result.shape.n_ranks)):
        steps = result.memory_over_time(rank)
        plot.add_scatter(
            x=np.append(steps.time, result.makespan),
            y=np.append(steps.level, steps.level[-1]) / GIB,
            mode="lines",
            line={"shape": "hv", "width": 1.6, "color": SERIES[i % len(SERIES)]},
            name=say("rank {rank}", rank=rank),
            hovertemplate=f"{say('rank {rank}', rank=rank)}: %{{y:.3~g}} GiB<extra></extra>",
        )
    return plot


def some_ranks(n_ranks: int) -> list[int]:
    """All ranks, or five of them, the first and the last among these."""
    if n_ranks <= MOST_LINES:
        return list(range(n_ranks))
    return sorted({round(i * (n_ranks - 1) / 4) for i in range(5)})


def ranks_chart(result: PipelineResult, title: str = "") -> go.Figure:
    """Of each rank: the share of the step it computes, and the micro-batches it holds at most."""
    plot = lab_plot(
        title,
        say("rank"),
        say("share of the time"),
        barmode="stack",
        yaxis={"tickformat": ".0%", "range": [0, 1]},
    )
    ranks = np.arange(result.shape.n_ranks)
    held = result.peak_live_micro_batches
    for name, share, colour in (
        (say("computing"), 1 - result.idle_share, BLUE),
        (say("idle"), result.idle_share, FADED),
    ):
        plot.add_bar(
            x=ranks,
            y=share,
            name=name,
            marker={"color": colour},
            customdata=held,
            hovertemplate=(
                f"{say('rank')} %{{x}}: {name} %{{y:.1%}}<br>"
                + say("holds at most {n} micro-batches", n="%{customdata:.3~g}")
                + "<extra></extra>"
            ),
        )
    return plot


def bubble_curves(settings: PipelineSettings) -> dict[str, list[tuple[int, float]]]:
    """Bubble over wall clock of several schedules against micro-batches, simulated.

    The pipeline's times and stages stay; micro-batches are 1, 2, 4 … times the stages, as far as
    OPERATIONS go. Schedules that cannot run a number are left out there.
    """
    return _bubble_curves(replace(settings, n_micro_batches=settings.n_stages))


@functools.lru_cache(maxsize=64)
def _bubble_curves(settings: PipelineSettings) -> dict[str, list[tuple[int, float]]]:
    p, names = settings.n_stages, dict.fromkeys((*COMPARED, settings.schedule))
    curves: dict[str, list[tuple[int, float]]] = {}
    for name in names:
        chunks = settings.n_chunks if name == settings.schedule else None
        budget = OPERATIONS // len(names)
        sizes = (p * 2**i for i in range(12))
        for m in sizes:
            budget -= p * m * 3 * SCHEDULES[name].default_chunks
            if budget < 0 and m > p:
                break
            try:
                result = simulate_pipeline(
                    replace(settings, schedule=name, n_micro_batches=m, n_chunks=chunks)
                )
            except SettingError:
                continue
            curves.setdefault(name, []).append((m, result.bubble_over_wall))
    return curves


def bubble_chart(
    curves: Mapping[str, Sequence[tuple[int, float]]], current: str, title: str = ""
) -> go.Figure:
    """Draws `bubble_curves`; the current schedule's line is the thick one."""
    sizes = sorted({m for points in curves.values() for m, _ in points})
    plot = lab_plot(
        title,
        say("micro-batches"),
        say("bubble over wall clock"),
        320,
        xaxis={"type": "log", "tickvals": sizes},
        yaxis={"tickformat": ".0%", "rangemode": "tozero"},
    )
    for i, (name, points) in enumerate(curves.items()):
        plot.add_scatter(
            x=[m for m, _ in points],
            y=[bubble for _, bubble in points],
            mode="lines+markers",
            line={
                "width": 3 if name == current else 1.4,
                "color": SERIES[i % len(SERIES)],
                # 1F1B often lies on GPipe's line, which shows through the gaps.
                "dash": "dash" if name == "1f1b" else "solid",
            },
            name=SCHEDULES[name].title,
            hovertemplate=f"{SCHEDULES[name].title}<br>%{{x}}: %{{y:.2%}}<extra></extra>",
        )
    return plot
