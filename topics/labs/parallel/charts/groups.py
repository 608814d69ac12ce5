"""One group of ranks, a whole plan, or a collective: lanes, volumes, memory, scaling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from topics.labs.parallel.network.costs import algorithms, collective_cost
from topics.labs.parallel.network.links import Topology
from topics.labs.parallel.scaling import ScalingPoint
from topics.labs.parallel.streams import StepResult
from topics.phrases import say
from topics.plots import BLUE, ORANGE, SERIES, empty_plot, thousands

GIB = 2**30
MOST_WORK = 3000


def lanes_chart(result: StepResult, title: str = "") -> go.Figure:
    """Computing above communicating, in milliseconds; several ranks below each other."""
    works = result.timeline[:MOST_WORK]
    several = len({work.rank for work in works}) > 1
    lanes = {"compute": say("computing"), "communication": say("communicating")}
    before = [say("rank {rank}", rank=work.rank) + " · " if several else "" for work in works]
    rows = [prefix + lanes[work.lane] for prefix, work in zip(before, works, strict=True)]
    height = 150 + min(480, 34 * len(set(rows)))
    plot = empty_plot(title, say("time, ms"), "", height)
    for lane, colour in (("compute", BLUE), ("communication", ORANGE)):
        chosen = [i for i, work in enumerate(works) if work.lane == lane]
        plot.add_bar(
            orientation="h",
            base=[works[i].start * 1e3 for i in chosen],
            x=[(works[i].end - works[i].start) * 1e3 for i in chosen],
            y=[rows[i] for i in chosen],
            customdata=[(works[i].name, works[i].start * 1e3, works[i].end * 1e3) for i in chosen],
            marker={"color": colour, "line": {"width": 0.5}},
            name=lanes[lane],
            hovertemplate=(
                f"%{{customdata[0]}}<br>{say('from')} %{{customdata[1]:.4~g}} "
                f"{say('to')} %{{customdata[2]:.4~g}} ms<extra></extra>"
            ),
        )
    plot.layout.barmode = "overlay"
    plot.layout.yaxis.update(autorange="reversed", automargin=True)
    return plot


def amounts_chart(amounts: Mapping[str, float], title: str = "") -> go.Figure:
    """Bytes by what they are, in GiB, the largest on top."""
    rows = sorted(amounts.items(), key=lambda row: row[1])
    plot = empty_plot(title, "GiB", "", 130 + 34 * len(rows))
    plot.add_bar(
        orientation="h",
        x=[value / GIB for _, value in rows],
        y=[say(name.replace("_", "-")) for name, _ in rows],
        marker={"color": BLUE},
        text=[f"{value / GIB:.3g}" for _, value in rows],
        textposition="auto",
        hovertemplate="%{y}: %{x:.4~g} GiB<extra></extra>",
    )
    plot.layout.yaxis.automargin = True
    return plot


def parts_chart(parts: Mapping[str, float], title: str = "") -> go.Figure:
    """One bar cut into parts, seconds, for a step's time by cause."""
    plot = empty_plot(title, say("seconds"), "", 190)
    for i, (name, value) in enumerate(parts.items()):
        plot.add_bar(
            orientation="h",
            x=[value],
            y=[""],
            name=say(name),
            marker={"color": SERIES[i % len(SERIES)]},
            hovertemplate=f"{say(name)}: %{{x:.4~g}} s<extra></extra>",
        )
    plot.layout.barmode = "stack"
    return plot


def scaling_chart(curves: Mapping[str, Sequence[ScalingPoint]], title: str = "") -> go.Figure:
    """Throughput per GPU over that of the smallest number, against the number of GPUs."""
    plot = empty_plot(title, say("GPUs"), say("efficiency"), 320)
    sizes = sorted({point.n_gpus for points in curves.values() for point in points})
    for i, (name, points) in enumerate(curves.items()):
        plot.add_scatter(
            x=[point.n_gpus for point in points],
            y=[point.efficiency for point in points],
            customdata=[(p.seconds, p.throughput, p.bytes_sent / GIB) for p in points],
            mode="lines+markers",
            line={"color": SERIES[i % len(SERIES)]},
            name=name,
            hovertemplate=(
                f"{name}<br>%{{x}} GPU: %{{y:.1%}}<br>{say('step')} %{{customdata[0]:.4~g}} s<br>"
                f"%{{customdata[1]:.4~s}} {say('tokens per second')}<br>"
                f"%{{customdata[2]:.4~g}} GiB {say('sent per GPU')}<extra></extra>"
            ),
        )
    plot.layout.xaxis.update(type="log", tickvals=sizes, ticktext=thousands(sizes))
    plot.layout.yaxis.update(tickformat=".0%", rangemode="tozero")
    return plot


def collective_chart(op: str, topology: Topology, payload: float, title: str = "") -> go.Figure:
    """Time of every algorithm against the payload; the chosen payload is marked."""
    plot = empty_plot(title, say("payload, bytes"), say("time, µs"), 380)
    sizes = [2.0**power for power in range(10, 35)]
    for i, name in enumerate(algorithms(op, topology)):
        plot.add_scatter(
            x=sizes,
            y=[collective_cost(op, size, topology, name).seconds * 1e6 for size in sizes],
            mode="lines",
            line={"color": SERIES[i % len(SERIES)]},
            name=name,
            hovertemplate=f"{name}<br>%{{x:.3~s}}B: %{{y:.4~g}} µs<extra></extra>",
        )
    plot.layout.xaxis.update(type="log", exponentformat="power")
    plot.layout.yaxis.type = "log"
    plot.add_vline(x=payload, line={"dash": "dot", "color": SERIES[-1]})
    return plot
