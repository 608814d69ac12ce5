"""The memory lab's controls: the address holds every setting, the widgets follow it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.i18n import t
from app.ui import address
from topics.labs.memory.controls import CONFIG, LONGEST_CONFIG, controls, defaults, groups
from topics.labs.memory.scenarios import scenarios
from topics.labs.parallel.controls import Control, Value, Values

FIRST, SECOND = "", "b_"  # what stands before a setting's name in the address
COMPARE, PASTED = "compare", "config"
CLOSED = ("dtypes", "parallel")  # groups that most settings leave alone


def comparing() -> bool:
    """Whether a second setting stands beside the first."""
    key = "lab-memory-compare"
    _follow(key, st.query_params.get(COMPARE) == "1")
    return st.toggle(t("lab_memory.compare"), key=key, on_change=_write_compare, args=(key,))


def settings(prefix: str, narrow: bool) -> tuple[Values, str]:
    """Draws the scenarios and the controls; their values, and the pasted config if there is one."""
    values = read(prefix)
    _scenario(prefix, values)
    config = ""
    for name, group in groups().items():
        shown = [control for control in group if control.shown(values)]
        if not shown:
            continue
        with _place(name, values, group), _grid(narrow):
            for control in shown:
                _draw(control, prefix, values[control.name])
        if name == "task" and values["model"] == CONFIG:
            config = _paste(prefix)
    return values, config


def read(prefix: str) -> Values:
    """Every setting from the address; a value that is none stands for the default."""
    values = defaults()
    for name, control in controls().items():
        text = st.query_params.get(prefix + name)
        if text is not None:
            values[name] = control.parse(text)
    return values


def write(prefix: str, values: Mapping[str, Value]) -> None:
    """Puts the values that are no defaults into the address, and takes the others out."""
    for name, control in controls().items():
        _set(prefix + name, control, values[name])


def _set(name: str, control: Control, value: Value) -> None:
    if value != control.default:
        st.query_params[name] = control.text(value)
    elif name in st.query_params:
        del st.query_params[name]


def _place(name: str, values: Values, group: tuple[Control, ...]) -> Any:
    """An open box, or a closed one for what is rarely changed (open while it is)."""
    title = t(f"lab_memory.group.{name}")
    if name not in CLOSED:
        box = st.container(border=True)
        box.markdown(f"**{title}**")
        return box
    changed = any(values[control.name] != control.default for control in group)
    return st.expander(title, expanded=changed)


def _grid(narrow: bool) -> Any:
    width = 130 if narrow else 112
    return st.grid("auto", min_column_width=width, gap="small", vertical_alignment="bottom")


def _paste(prefix: str) -> str:
    """The text of a config.json, kept in the address like everything else."""
    key = f"lab-memory-{prefix}{PASTED}"
    _follow(key, st.query_params.get(prefix + PASTED, ""))
    st.text_area(
        t("lab_memory.paste"),
        max_chars=LONGEST_CONFIG,
        key=key,
        on_change=_write_paste,
        args=(key, prefix),
    )
    return str(st.session_state[key])


@address.changing()
def _write_paste(key: str, prefix: str) -> None:
    text = " ".join(str(st.session_state[key] or "").split())
    if text:
        st.query_params[prefix + PASTED] = text
    elif prefix + PASTED in st.query_params:
        del st.query_params[prefix + PASTED]


def _scenario(prefix: str, values: Values) -> None:
    """A select box that names the scenario the values are, if any, and applies the one chosen."""
    offered = scenarios()
    matching = (name for name, wanted in offered.items() if wanted == values)
    key = f"lab-memory-{prefix}scenario"
    _follow(key, next(matching, None))
    st.selectbox(
        t("lab_memory.scenario"),
        list(offered),
        format_func=lambda name: t(f"lab_memory.scenarios.{name}"),
        placeholder=t("lab_memory.no_scenario"),
        key=key,
        on_change=_apply,
        args=(key, prefix),
    )


@address.changing()
def _apply(key: str, prefix: str) -> None:
    chosen = st.session_state[key]
    if chosen is not None:
        write(prefix, scenarios()[chosen])


def _draw(control: Control, prefix: str, value: Value) -> None:
    """The widget of a control. Its label is in the catalogue, and help where there is some."""
    key = f"lab-memory-{prefix}{control.name}"
    _follow(key, value)
    label = t(f"lab_memory.control.{control.name}")
    about = t(f"lab_memory.help.{control.name}") if control.name in EXPLAINED else None
    common: dict[str, Any] = {
        "key": key,
        "on_change": _write_one,
        "args": (control, prefix, key),
        "help": about,
    }
    low, high = control.low, control.high
    match control.kind:
        case "integer":
            st.slider(label, int(low), int(high), step=int(control.step), **common)
        case "number":
            st.slider(label, float(low), float(high), step=control.step, **common)
        case "exact":
            st.number_input(label, float(low), float(high), step=control.step, **common)
        case "steps":
            st.select_slider(label, control.steps, format_func=_amount, **common)
        case "choice":
            named = functools.partial(_option, control.name)
            st.selectbox(label, control.steps, format_func=named, **common)
        case "toggle":
            st.toggle(label, **common)


EXPLAINED = (
    "padded",
    "price",
    "tokens_b",
    "accumulate",
    "activations",
    "recompute",
    "mfu",
    "block_size",
    "ep",
    "master",
)
# Options that are words of ours, by control; names of models, cards and dtypes stay as they are.
WORDS = {
    "model": ("size",),
    "mode": ("train", "inference"),
    "method": ("full", "freeze"),
    "recompute": ("none", "selective", "full"),
    "activations": ("huggingface", "fused"),
    "compute": ("auto",),
    "grads": ("auto",),
    "master": ("auto", "none"),
    "optimizer": ("none",),
}


def _option(control: str, value: Value) -> str:
    known = value in WORDS.get(control, ())
    return t(f"lab_memory.option.{control}-{value}") if known else str(value)


def _amount(value: Value) -> str:
    return f"{value:,}"


def _follow(key: str, value: object) -> None:
    """The address is the one truth: a widget is set to it before it is drawn."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


@address.changing()
def _write_one(control: Control, prefix: str, key: str) -> None:
    value = st.session_state[key]
    _set(prefix + control.name, control, control.default if value is None else value)


@address.changing()
def _write_compare(key: str) -> None:
    """The second setting begins as the first, and goes when the comparison ends."""
    first = {n: v for n, v in st.query_params.items() if n != COMPARE and not n.startswith(SECOND)}
    second = {SECOND + name: value for name, value in first.items()}
    added = {COMPARE: "1", **second} if st.session_state[key] else {}
    st.query_params.from_dict({**first, **added})
