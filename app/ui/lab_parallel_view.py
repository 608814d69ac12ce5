"""What the parallelism lab found: figures with their derivation, charts, export."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from app.i18n import t
from topics.labs.parallel.charts import gantt, groups, pipeline
from topics.labs.parallel.controls import Values, command_line
from topics.labs.parallel.controls import request as request_of
from topics.labs.parallel.curves import figures, scaling_curves
from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.explain import Explanation
from topics.labs.parallel.explain_groups import Outcome, explain
from topics.labs.parallel.export import scaling_csv, timeline_csv
from topics.labs.parallel.network.costs import CollectiveCost
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.plan import StepEstimate
from topics.labs.parallel.request import Answer, run
from topics.labs.parallel.scaling import ScalingPoint
from topics.labs.parallel.streams import StepResult

DeltaColor = Literal["normal", "inverse", "off"]
SAME = "±0%"
BETTER_HIGH = ("tokens_per_second", "efficiency", "bus_bandwidth")
Curves = Mapping[str, list[ScalingPoint]]


def simulate(parallel: str, values: Values) -> Answer | None:
    """Runs a setting. One that cannot run gets its reason on the page instead."""
    try:
        return run(request_of(parallel, values))
    except SettingError as error:
        st.warning(str(error))
        return None


def headline(answer: Answer, against: Answer | None) -> None:
    """The figures with their derivations behind a question mark, and the change against another.

    Against itself a setting is the one that the other is measured by.
    """
    mine = figures(answer.outcome)
    other = figures(against.outcome) if against else {}
    lines = [line for line in explain(answer.outcome) if line.key in mine]
    with st.grid("auto", min_column_width=165, gap="small"):
        for line in lines:
            change = _change(mine[line.key], other.get(line.key))
            delta = t("lab_parallel.measure") if answer is against else change
            good: DeltaColor = "normal" if line.key in BETTER_HIGH else "inverse"
            same = change == SAME
            st.metric(
                line.title,
                line.value,
                delta,
                delta_color="off" if same else good,
                delta_arrow="off" if same else "auto",
                help=_derivation(line),
            )
    if isinstance(answer.outcome, StepResult):
        for note in answer.outcome.notes:
            st.caption(note)


def charts(answer: Answer, values: Values, prefix: str, narrow: bool, until: float | None) -> None:
    """Everything that is drawn for one setting."""
    outcome = answer.outcome
    if isinstance(outcome, PipelineResult):
        _pipeline(outcome, prefix, narrow, until)
    elif isinstance(outcome, StepEstimate):
        _plan(outcome, prefix, narrow, until)
    elif isinstance(outcome, StepResult):
        _step(outcome, prefix, narrow, alike=answer.parallel in ("tp", "sp"))
    else:
        _collective(outcome, values, prefix)


def scaling(parallel: str, answer: Answer, values: Values, prefix: str) -> Curves:
    """The scaling curves, where the kind has any."""
    curves = scaling_curves(parallel, request_of(parallel, values), answer.outcome)
    if curves:
        chart = groups.scaling_chart(curves, t("lab_parallel.chart.scaling"))
        _draw(chart, prefix, "scaling")
    return curves


def explanations(outcome: Outcome) -> None:
    """Every figure once more with its formula, its numbers and where the rule is printed."""
    with st.expander(t("lab_parallel.explain")):
        for line in explain(outcome):
            source = f" :gray[{line.source}]" if line.source else ""
            st.markdown(f"**{line.title}: {line.value}**  \n{_plain(line.working)}{source}")
        st.caption(t("lab_parallel.leaves_out"))


def take_away(parallel: str, answer: Answer, values: Values, curves: Curves, prefix: str) -> None:
    """CSV files, the same in a terminal, and what the address is good for."""
    with st.expander(t("lab_parallel.take_away")):
        left, right = st.columns(2)
        left.download_button(
            t("lab_parallel.csv"),
            data=lambda: timeline_csv(answer),
            file_name=f"whetstone-{parallel}.csv",
            mime="text/csv",
            on_click="ignore",
            key=f"lab-parallel-{prefix}csv",
        )
        if curves:
            right.download_button(
                t("lab_parallel.scaling_csv"),
                data=lambda: scaling_csv(curves.items()),
                file_name=f"whetstone-{parallel}-scaling.csv",
                mime="text/csv",
                on_click="ignore",
                key=f"lab-parallel-{prefix}scaling-csv",
            )
        st.caption(t("lab_parallel.png"))
        st.caption(t("lab_parallel.terminal"))
        st.code(command_line(request_of(parallel, values)), language="bash", wrap_lines=True)
        st.caption(t("lab_parallel.share"))


def last_end(answers: Iterable[Answer | None]) -> float | None:
    """When the last of several pipelines ends, for a common time axis."""
    pipelines = [
        getattr(answer.outcome, "pipeline", answer.outcome) for answer in answers if answer
    ]
    ends = [result.makespan for result in pipelines if isinstance(result, PipelineResult)]
    return max(ends, default=None)


def _pipeline(result: PipelineResult, prefix: str, narrow: bool, until: float | None) -> None:
    chart = gantt.timeline_chart(result, t("lab_parallel.chart.timeline"), until)
    _draw(chart, prefix, "timeline")
    memory = pipeline.memory_chart(result, t("lab_parallel.chart.memory"), until)
    ranks = pipeline.ranks_chart(result, t("lab_parallel.chart.ranks"))
    _beside(memory, ranks, prefix, narrow, ("memory", "ranks"))
    curves = pipeline.bubble_curves(result.settings)
    chart = pipeline.bubble_chart(curves, result.settings.schedule, t("lab_parallel.chart.bubble"))
    _draw(chart, prefix, "bubble")


def _step(result: StepResult, prefix: str, narrow: bool, alike: bool) -> None:
    """Lanes, bytes and memory; of layers that are all alike the first are enough."""
    title = t("lab_parallel.chart.lanes_first" if alike else "lab_parallel.chart.lanes")
    until = groups.first_layers(result) if alike else None
    _draw(groups.lanes_chart(result, title, until), prefix, "lanes")
    _amounts(result.bytes_sent, result.memory, prefix, narrow)


def _plan(estimate: StepEstimate, prefix: str, narrow: bool, until: float | None) -> None:
    parts = groups.parts_chart(estimate.breakdown, t("lab_parallel.chart.parts"))
    _draw(parts, prefix, "parts")
    if estimate.plan.pp > 1:
        title = t("lab_parallel.chart.timeline_seconds")
        _draw(gantt.timeline_chart(estimate.pipeline, title, until), prefix, "timeline")
    _amounts(estimate.bytes_sent, estimate.memory, prefix, narrow)


def _collective(cost: CollectiveCost, values: Values, prefix: str) -> None:
    chart = groups.collective_chart(
        cost.op, cost.topology, cost.payload, t("lab_parallel.chart.collective")
    )
    _draw(chart, prefix, "collective")


def _amounts(
    sent: Mapping[str, float], memory: Mapping[str, float], prefix: str, narrow: bool
) -> None:
    """Bytes on the wire beside bytes in memory."""
    _beside(
        groups.amounts_chart(sent, t("lab_parallel.chart.sent")),
        groups.amounts_chart(memory, t("lab_parallel.chart.held")),
        prefix,
        narrow,
        ("sent", "held"),
    )


def _beside(
    one: go.Figure, other: go.Figure, prefix: str, narrow: bool, names: tuple[str, str]
) -> None:
    """Two charts side by side, below each other where there is no room."""
    places: list[Any] = [st, st] if narrow else list(st.columns(2))
    for chart, place, name in zip((one, other), places, names, strict=True):
        with place.container():
            _draw(chart, prefix, name)


def _draw(chart: go.Figure, prefix: str, name: str) -> None:
    """A chart with one button, which saves it as PNG."""
    title = chart.layout.title.text
    st.plotly_chart(
        chart,
        key=f"lab-parallel-{prefix}{name}",
        config={
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"format": "png", "scale": 2, "filename": f"whetstone-{name}"},
        },
        alt=title,
    )


def _change(mine: float, other: float | None) -> str | None:
    if other is None:
        return None
    if abs(mine - other) <= 5e-4 * abs(other):
        return SAME
    return f"{mine / other - 1:+.1%}" if other else "+∞"


def _derivation(line: Explanation) -> str:
    return _plain(f"{line.working} {line.source}".strip())


def _plain(text: str) -> str:
    """Markdown that shows the text as it is."""
    return re.sub(r"([*_~$\[\]`])", r"\\\1", text)
