"""What the memory lab found: figures, charts, derivations, inverse questions, export."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import plotly.graph_objects as go
import streamlit as st

from app.i18n import language, t
from app.ui import address
from topics.labs.memory.charts import bars, curves
from topics.labs.memory.controls import command_line, request
from topics.labs.memory.estimate import Estimate, estimate
from topics.labs.memory.export import lines_csv, moments_csv
from topics.labs.memory.inverse import Plan, Solution, solve
from topics.labs.memory.lines import WHEN
from topics.labs.memory.request import setting_from
from topics.labs.memory.setting import Setting
from topics.labs.memory.units import SettingError, format_bytes, format_count
from topics.labs.parallel.controls import Value
from topics.phrases import say

QUESTIONS = ("batch", "seq", "gpus", "params", "plan")


def answer_to(values: Mapping[str, Value], config: str) -> Estimate | None:
    """The estimate. A setting that cannot be gets its reason on the page instead."""
    try:
        return estimate(setting_from(request(values, config)))
    except SettingError as error:
        st.warning(str(error))
        return None


def headline(answer: Estimate, against: Estimate | None) -> None:
    """Memory against the card first, then what else is asked about a model."""
    with st.grid("auto", min_column_width=150, gap="small"):
        _total(answer, against)
        _parameters(answer)
        _time(answer)
        _cache(answer)


def _total(answer: Estimate, against: Estimate | None) -> None:
    fit = answer.fit
    change: str | None = None
    good = "off"
    if against is not None and against is not answer:
        ratio = answer.total / against.total - 1
        change, good = f"{ratio:+.1%}", "inverse" if ratio else "off"
    elif fit:
        room = format_bytes(abs(fit.headroom))
        change = t("lab_memory.left" if fit.fits else "lab_memory.missing", room=room)
        good = "normal" if fit.fits else "inverse"
    when = say(WHEN[answer.worst.peak.name])
    outside = format_bytes(fit.outside) if fit else "0 B"
    st.metric(
        t("lab_memory.figure.total"),
        format_bytes(answer.total),
        change,
        delta_color=good,  # type: ignore[arg-type]
        delta_arrow="off",
        help=t("lab_memory.figure.total_help", when=when, outside=outside),
    )


def _parameters(answer: Estimate) -> None:
    p = answer.parameters
    st.metric(
        t("lab_memory.figure.parameters"),
        format_count(p.total),
        help=t("lab_memory.figure.parameters_help", active=f"{p.active:,}", total=f"{p.total:,}"),
    )
    if answer.setting.mode == "train":
        share = f"{p.trainable / p.total:.2%}"
        st.metric(
            t("lab_memory.figure.trained"),
            format_count(p.trainable),
            help=t("lab_memory.figure.trained_help", trained=f"{p.trainable:,}", share=share),
        )


def _time(answer: Estimate) -> None:
    c, s = answer.cost, answer.setting
    if c is None:
        return
    help_text = t("lab_memory.figure.speed_help", mfu=f"{c.mfu:.0%}", peak=f"{c.peak_flops:.3g}")
    if s.mode == "inference":
        help_text = t("lab_memory.figure.decode_help")
    st.metric(t("lab_memory.figure.speed"), f"{c.tokens_per_second:,.0f}", help=help_text)
    if s.mode == "inference":
        seconds = f"{c.prefill_seconds:,.3g} s"
        st.metric(t("lab_memory.figure.prefill"), seconds, help=t("lab_memory.figure.prefill_help"))
    elif s.tokens:
        days = t("lab_memory.figure.days_value", days=f"{c.seconds / 86400:,.3g}")
        st.metric(t("lab_memory.figure.days"), days, help=f"{c.gpu_hours:,.0f} GPU h")
        price = f"{c.gpu_hours:,.0f} × {c.price_per_hour:g}"
        st.metric(t("lab_memory.figure.money"), f"{c.money:,.0f}", help=_plain(price))


def _cache(answer: Estimate) -> None:
    cache = answer.kv_cache
    if answer.setting.mode == "inference" and cache:
        st.metric(
            t("lab_memory.figure.cache"),
            f"{cache.bytes_per_token:,.0f} B",
            help=_plain(cache.formula),
        )


def charts(answer: Estimate, prefix: str, until: float | None) -> None:
    """Memory on each GPU, over the moments of a step, and as the setting grows."""
    _draw(bars.gpu_chart(answer, t("lab_memory.chart.gpu"), until), prefix, "gpu")
    if len(answer.worst.moments) > 1:
        _draw(bars.moments_chart(answer, t("lab_memory.chart.moments"), until), prefix, "moments")
    if answer.setting.model:
        _draw(curves.growth_chart(answer, t("lab_memory.chart.growth")), prefix, "growth")


def explanations(answer: Estimate) -> None:
    """Every amount with its formula, the numbers in it and where the rule is printed."""
    with st.expander(t("lab_memory.explain"), expanded=False):
        for line in answer.lines:
            if not line.bytes and not line.at_peak:
                continue
            size = format_bytes(line.bytes)
            if abs(line.at_peak - line.bytes) > 1e-6 * max(line.bytes, 1.0):
                size = t("lab_memory.at_peak", size=size, peak=format_bytes(line.at_peak))
            equals = "" if line.key == "temporary" else "= "  # that one says when, not how much
            working = f"{_plain(line.formula)}  \n{equals}{_plain(line.numbers)}"
            source = f"  \n:gray[{_plain(line.source)}]"
            st.markdown(f"**{line.label}: {size}**  \n{working}{source}")
        _flops(answer)
        st.caption(t("lab_memory.leaves_out"))


def _flops(answer: Estimate) -> None:
    f, s = answer.flops, answer.setting
    rule = "6ND" if s.mode == "train" else "2ND"
    st.markdown(
        t(
            "lab_memory.flops",
            token=f"{f.per_token:.3e}",
            step=f"{f.per_step:.3e}",
            tokens=format_count(f.tokens),
            total=f"{f.total:.3e}",
            rule=rule,
            simple=f"{f.six_nd:.3e}",
        )
    )


def inverse(answer: Estimate, prefix: str) -> None:
    """What would fit? One question at a time, worked out when it is asked."""
    key, name = f"lab-memory-{prefix}solve", f"{prefix}solve"
    wanted = st.query_params.get(name)
    if key not in st.session_state:
        st.session_state[key] = wanted if wanted in QUESTIONS else None
    st.pills(
        t("lab_memory.solve"),
        QUESTIONS,
        format_func=lambda question: t(f"lab_memory.question.{question}"),
        key=key,
        on_change=_write_question,
        args=(key, name),
    )
    question = st.session_state[key]
    if question:
        _show(question, answer.setting)


@address.changing()
def _write_question(key: str, name: str) -> None:
    if st.session_state[key]:
        st.query_params[name] = st.session_state[key]
    elif name in st.query_params:
        del st.query_params[name]


def _show(question: str, setting: Setting) -> None:
    try:
        found = _solved(question, setting, language())
    except SettingError as error:
        st.warning(str(error))
        return
    st.markdown(f"**{_plain(found.text)}**")
    if question == "plan" and found.plans:
        st.dataframe([_row(plan) for plan in found.plans], hide_index=True)


@functools.lru_cache(maxsize=64)
def _solved(question: str, setting: Setting, _language: str) -> Solution:
    return solve(question, setting)


def _row(plan: Plan) -> dict[str, object]:
    row: dict[str, object] = {
        t("lab_memory.plan.card"): plan.card,
        t("lab_memory.plan.gpus"): plan.gpus,
        t("lab_memory.plan.layout"): plan.layout,
        t("lab_memory.plan.each"): format_bytes(plan.total),
        t("lab_memory.plan.hour"): round(plan.per_hour, 2),
    }
    return row | ({t("lab_memory.plan.all"): round(plan.money)} if plan.money else {})


def take_away(answer: Estimate, values: Mapping[str, Value], config: str, prefix: str) -> None:
    """CSV files, the same in a terminal, and what the address is good for."""
    with st.expander(t("lab_memory.take_away")):
        left, right = st.columns(2)
        files = (("lines", lines_csv, left), ("moments", moments_csv, right))
        for name, make, place in files:
            place.download_button(
                t(f"lab_memory.csv.{name}"),
                data=functools.partial(make, answer),
                file_name=f"whetstone-memory-{name}.csv",
                mime="text/csv",
                on_click="ignore",
                key=f"lab-memory-{prefix}csv-{name}",
            )
        st.caption(t("lab_memory.png"))
        st.caption(t("lab_memory.terminal"))
        st.code(command_line(request(values, config)), language="bash", wrap_lines=True)
        st.caption(t("lab_memory.share"))


def _draw(chart: go.Figure, prefix: str, name: str) -> None:
    """A chart with one button, which saves it as PNG."""
    st.plotly_chart(
        chart,
        key=f"lab-memory-{prefix}chart-{name}",
        config={
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"format": "png", "scale": 2, "filename": f"whetstone-{name}"},
        },
        alt=chart.layout.title.text,
    )


def _plain(text: str) -> str:
    """Markdown that shows the text as it is."""
    return re.sub(r"([*_~$\[\]`])", r"\\\1", text)
