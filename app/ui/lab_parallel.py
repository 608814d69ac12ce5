"""The parallelism lab's controls: the address holds every setting, the widgets follow it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.i18n import t
from app.ui import address
from topics.labs.parallel.controls import CONTROLS, Control, Value, Values, defaults
from topics.labs.parallel.pipeline.schedules import SCHEDULES
from topics.labs.parallel.presets import PRESETS, Preset

FIRST, SECOND = "", "b_"  # what stands before a setting's name in the address
KIND, COMPARE = "parallel", "compare"


def kind() -> str:
    """Which kind of parallelism: the choice at the top of the page."""
    key, wanted = "lab-parallel-kind", st.query_params.get(KIND, "pp")
    _follow(key, wanted if wanted in CONTROLS else "pp")
    st.segmented_control(
        t("lab_parallel.kind_label"),
        list(CONTROLS),
        format_func=lambda name: t(f"lab_parallel.kind.{name}"),
        required=True,
        label_visibility="collapsed",
        key=key,
        on_change=_write_kind,
        args=(key,),
    )
    return str(st.session_state[key])


def comparing() -> bool:
    """Whether a second setting stands beside the first."""
    key = "lab-parallel-compare"
    _follow(key, st.query_params.get(COMPARE) == "1")
    return st.toggle(t("lab_parallel.compare"), key=key, on_change=_write_compare, args=(key,))


def settings(parallel: str, prefix: str) -> Values:
    """Draws the presets and the controls of one setting; its values, as the address has them."""
    values = read(parallel, prefix)
    _preset(parallel, prefix, values)
    shown = [control for control in CONTROLS[parallel] if control.shown(values)]
    with st.grid("auto", min_column_width=190, gap="small", vertical_alignment="bottom"):
        for control in shown:
            _draw(control, parallel, prefix, values[control.name])
    return values


def read(parallel: str, prefix: str) -> Values:
    """Every setting of a kind from the address; a value that is none stands for the default."""
    values = defaults(parallel)
    for control in CONTROLS[parallel]:
        text = st.query_params.get(prefix + control.name)
        if text is not None:
            values[control.name] = control.parse(text)
    return values


def write(parallel: str, prefix: str, values: Mapping[str, Value]) -> None:
    """Puts the values that are no defaults into the address, and takes the others out."""
    for control in CONTROLS[parallel]:
        name, value = prefix + control.name, values[control.name]
        if value != control.default:
            st.query_params[name] = control.text(value)
        elif name in st.query_params:
            del st.query_params[name]


def _preset(parallel: str, prefix: str, values: Values) -> None:
    """A select box that names the preset the values are, if any, and applies the one chosen."""
    offered = [preset for preset in PRESETS.values() if preset.parallel == parallel]
    matching = (p.id for p in offered if {**defaults(parallel), **p.values} == values)
    key = f"lab-parallel-{prefix}{parallel}-preset"
    _follow(key, next(matching, None))
    st.selectbox(
        t("lab_parallel.preset"),
        [preset.id for preset in offered],
        format_func=lambda name: t(f"lab_parallel.presets.{name}"),
        placeholder=t("lab_parallel.no_preset"),
        key=key,
        on_change=_apply,
        args=(key, prefix),
    )


@address.changing()
def _apply(key: str, prefix: str) -> None:
    chosen = st.session_state[key]
    if chosen is not None:
        preset: Preset = PRESETS[chosen]
        write(preset.parallel, prefix, {**defaults(preset.parallel), **preset.values})


def _draw(control: Control, parallel: str, prefix: str, value: Value) -> None:
    """The widget of a control. Its label and help are in the catalogue."""
    key = f"lab-parallel-{prefix}{parallel}-{control.name}"
    _follow(key, value)
    label = t(f"lab_parallel.control.{control.name}")
    common: dict[str, Any] = {"key": key, "on_change": _write_one, "args": (control, prefix, key)}
    low, high = control.low, control.high
    match control.kind:
        case "integer":
            st.slider(label, int(low), int(high), step=int(control.step), **common)
        case "number":
            st.slider(label, float(low), float(high), step=control.step, **common)
        case "exact":
            st.number_input(label, float(low), float(high), step=control.step, **common)
        case "steps":
            st.select_slider(label, control.steps, format_func=control.text, **common)
        case "choice":
            st.selectbox(label, control.steps, format_func=_option, **common)
        case "toggle":
            st.toggle(label, **common)


def _option(value: Value) -> str:
    name = str(value)
    return SCHEDULES[name].title if name in SCHEDULES else name.replace("_", "-")


def _follow(key: str, value: object) -> None:
    """The address is the one truth: a widget is set to it before it is drawn."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


@address.changing()
def _write_one(control: Control, prefix: str, key: str) -> None:
    name, value = prefix + control.name, st.session_state[key]
    if value is not None and value != control.default:
        st.query_params[name] = control.text(value)
    elif name in st.query_params:
        del st.query_params[name]


@address.changing()
def _write_kind(key: str) -> None:
    """Another kind of parallelism has other settings: begin with its defaults."""
    kept = {COMPARE: "1"} if st.query_params.get(COMPARE) == "1" else {}
    st.query_params.from_dict({KIND: st.session_state[key], **kept})


@address.changing()
def _write_compare(key: str) -> None:
    """The second setting begins as the first, and goes when the comparison ends."""
    first = {n: v for n, v in st.query_params.items() if n != COMPARE and not n.startswith(SECOND)}
    second = {SECOND + n: v for n, v in first.items() if n != KIND}
    added = {COMPARE: "1", **second} if st.session_state[key] else {}
    st.query_params.from_dict({**first, **added})
