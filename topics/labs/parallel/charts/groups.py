"""One group of ranks, a whole plan, or a collective: lanes, volumes, memory, scaling."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from topics.labs.parallel.charts.house import EDGE, lab_plot
from topics.labs.parallel.network.costs import algorithms, collective_cost
from topics.labs.parallel.network.links import Topology
from topics.labs.parallel.scaling import ScalingPoint
from topics.labs.parallel.streams import StepResult, Work
from topics.phrases import say
from topics.plots import BLUE, ORANGE, SERIES, thousands

GIB = 2**30
DASHES = ("solid", "solid", "dash", "dot", "dashdot")  # some algorithms cost the same
MOST_RANKS = 6
MOST_WORK = 1000  # more bars than this take long to draw; the first ones are shown


def lanes_chart(result: StepResult, title: str = "", until: float | None = None) -> go.Figure:
    """Computing and communicating in milliseconds; of several ranks the first, hottest ones.

    `until`, in seconds, ends the view there; a double click shows the rest.
    """
    works = [work for work in result.timeline[:MOST_WORK] if work.rank < MOST_RANKS]
    several = len({work.rank for work in works}) > 1
    lanes = {"compute": say("computing"), "communication": say("communicating")}
    before = [say("rank {rank}", rank=work.rank) + " · " if several else "" for work in works]
    rows = [prefix + lanes[work.lane] for prefix, work in zip(before, works, strict=True)]
    order = sorted({(work.rank, work.lane, row) for work, row in zip(works, rows, strict=True)})
    plot = lab_plot(
        title,
        say("time, ms"),
        "",
        150 + 28 * len(order),
        barmode="overlay",
        xaxis={"range": [0, until * 1e3]} if until else {},
        yaxis={
            "autorange": "reversed",
            "categoryorder": "array",
            "categoryarray": [row for _, _, row in order],
        },
    )
    for lane, colour in (("compute", BLUE), ("communication", ORANGE)):
        chosen = [i for i, work in enumerate(works) if work.lane == lane]
        plot.add_bar(
            orientation="h",
            base=[works[i].start * 1e3 for i in chosen],
            x=[(works[i].end - works[i].start) * 1e3 for i in chosen],
            y=[rows[i] for i in chosen],
            hovertext=[_hover(works[i]) for i in chosen],
            marker={"color": colour, "line": EDGE},
            name=lanes[lane],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    return plot


def first_layers(result: StepResult) -> float:
    """When the first two layers of the forward are done, for steps whose layers are all alike."""
    return max(work.end for work in result.timeline if re.search(r"forward [01]\b", work.name))


def _hover(work: Work) -> str:
    times = f"{say('from')} {work.start * 1e3:.4g} {say('to')} {work.end * 1e3:.4g} ms"
    return f"{work.name}<br>{times}"


def amounts_chart(amounts: Mapping[str, float], title: str = "") -> go.Figure:
    """Bytes by what they are, in GiB, the largest on top."""
    rows = sorted(amounts.items(), key=lambda row: row[1])
    plot = lab_plot(title, "GiB", "", 150 + 34 * len(rows))
    plot.add_bar(
        orientation="h",
        x=[value / GIB for _, value in rows],
        y=[say(name.replace("_", "-")) for name, _ in rows],
        marker={"color": BLUE},
        text=[f"{value / GIB:.3g}" for _, value in rows],
        textposition="auto",
        hovertemplate="%{y}: %{x:.4~g} GiB<extra></extra>",
    )
    return plot


def parts_chart(parts: Mapping[str, float], title: str = "") -> go.Figure:
    """One bar cut into parts, seconds, for a step's time by cause."""
    plot = lab_plot(title, say("seconds"), "", 210, barmode="stack")
    for i, (name, value) in enumerate(parts.items()):
        plot.add_bar(
            orientation="h",
            x=[value],
            y=[""],
            name=say(name),
            marker={"color": SERIES[i % len(SERIES)]},
            hovertemplate=f"{say(name)}: %{{x:.4~g}} s<extra></extra>",
        )
    return plot


def scaling_chart(curves: Mapping[str, Sequence[ScalingPoint]], title: str = "") -> go.Figure:
    """Throughput per GPU over that of the smallest number, against the number of GPUs."""
    sizes = sorted({point.n_gpus for points in curves.values() for point in points})
    plot = lab_plot(
        title,
        say("GPUs"),
        say("efficiency"),
        320,
        xaxis={"type": "log", "tickvals": sizes, "ticktext": thousands(sizes)},
        yaxis={"tickformat": ".0%", "rangemode": "tozero"},
    )
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
    return plot


def collective_chart(op: str, topology: Topology, payload: float, title: str = "") -> go.Figure:
    """Time of every algorithm against the payload; the chosen payload is marked."""
    plot = lab_plot(
        title,
        say("payload, bytes"),
        say("time, µs"),
        400,
        xaxis={"type": "log", "exponentformat": "power"},
        yaxis={"type": "log", "dtick": 1},
    )
    sizes = [2.0**power for power in range(10, 35)]
    for i, name in enumerate(algorithms(op, topology)):
        plot.add_scatter(
            x=sizes,
            y=[collective_cost(op, size, topology, name).seconds * 1e6 for size in sizes],
            mode="lines",
            line={"color": SERIES[i % len(SERIES)], "dash": DASHES[i % len(DASHES)]},
            name=name,
            hovertemplate=f"{name}<br>%{{x:.3~s}}B: %{{y:.4~g}} µs<extra></extra>",
        )
    plot.add_vline(x=payload, line={"dash": "dot", "color": SERIES[-1]})
    return plot
