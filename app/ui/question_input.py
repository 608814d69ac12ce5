"""The place for an answer: one widget per kind of question, each usable by keyboard alone.

Choices are buttons with the keys 1 to 9, because Streamlit's keys do not work while a radio button
or a box has the focus. Texts are sent with Enter, or with Ctrl+Enter where Enter is a new line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st

from app.i18n import language, t
from app.quiz import tex as plain
from app.ui.formula_tex import tex
from question_bank.formula import FormulaError, parse
from question_bank.kinds.formula import Formula
from question_bank.question import Answer, Shown

OPEN = "open"
FOCUS = """<script>/* {key} */ (() => {{
  let tries = 50
  const waiting = setInterval(() => {{
    const field = document.querySelector(".st-key-answer input, .st-key-answer textarea")
    if (field) field.focus()
    if (field || --tries === 0) clearInterval(waiting)
  }}, 100)
}})()</script>"""


def answer(shown: Shown, key: str) -> Answer | None:
    """Draw the input; the answer in the run in which it was sent, else None."""
    with st.container(key="answer"):
        return INPUTS[shown.question.kind](shown, key)


def _single(shown: Shown, key: str) -> Answer | None:
    place = f"{key}-chosen"
    chosen: int | None = st.session_state.get(place)
    for i, choice in enumerate(shown.choices):
        mark = "◉" if chosen == i else "○"
        _option(key, i, choice, mark, on=chosen == i, then=(place, i))
    return chosen if _check(key, ready=chosen is not None) else None


def _multiple(shown: Shown, key: str) -> Answer | None:
    chosen = _toggles(shown, key)
    return chosen if _check(key, ready=bool(chosen)) else None


def points(shown: Shown, key: str) -> Answer | None:
    """The key points of an open question, each to be marked if it was made."""
    chosen = _toggles(shown, key)
    return chosen if _check(key, ready=True, label=t("questions.done_marking")) else None


def _toggles(shown: Shown, key: str) -> tuple[int, ...]:
    """Options of which several may be on; those that are."""
    place = f"{key}-chosen"
    chosen: tuple[int, ...] = st.session_state.get(place, ())
    for i, choice in enumerate(shown.choices):
        mark, then = "☑" if i in chosen else "☐", tuple(sorted({i} ^ set(chosen)))
        _option(key, i, choice, mark, on=i in chosen, then=(place, then))
    return chosen


def _order(shown: Shown, key: str) -> Answer | None:
    """Items are taken in order: pressing one gives it the next place, again takes it back."""
    st.html(f'<p class="ws-note">{escape(t("questions.how_order"))}</p>')
    place = f"{key}-chosen"
    taken: tuple[int, ...] = st.session_state.get(place, ())
    for i, choice in enumerate(shown.choices):
        mark = f"**{taken.index(i) + 1}.**" if i in taken else "·"
        rest = tuple(item for item in taken if item != i)
        then = rest if i in taken else (*taken, i)
        _option(key, i, choice, mark, on=i in taken, then=(place, then))
    return taken if _check(key, ready=len(taken) == len(shown.choices)) else None


def _match(shown: Shown, key: str) -> Answer | None:
    """For each left side its partner, from a list that can be typed into."""
    st.html(f'<p class="ws-note">{escape(t("questions.how_match"))}</p>')
    chosen: list[int | None] = []
    for i, left in enumerate(shown.choices):
        with st.container(key=f"match-{i}"):
            found = st.selectbox(
                left,
                range(len(shown.targets)),
                index=None,
                format_func=lambda target: plain(shown.targets[target]).replace("`", ""),
                placeholder=t("questions.choose_partner"),
                key=f"{key}-match-{i}",
            )
            chosen.append(found)
    complete = tuple(i for i in chosen if i is not None)
    ready = len(complete) == len(shown.choices)
    return complete if _check(key, ready=ready, shortcut="Ctrl+Enter") else None


def _number(shown: Shown, key: str) -> Answer | None:
    named = any(letter.isalpha() for letter in shown.unit)  # "×" would tell nobody anything
    label = t("questions.answer_in", unit=shown.unit) if named else t("questions.answer")
    with st.form(f"{key}-form", border=False):
        text = st.text_input(
            label, key=f"{key}-text", placeholder=t("questions.number_hint"), autocomplete="off"
        )
        sent = _submit(key)
    _focus(key)
    return (text or "") if sent else None


def _formula(shown: Shown, key: str) -> Answer | None:
    """The symbols, a field that answers while one types, and the formula as it was read."""
    body: Formula = shown.question.body
    _symbols(body)
    text = st.text_input(
        t("questions.formula"),
        key=f"{key}-text",
        live="0ms",  # so that Ctrl+Enter right after a letter sends that letter too
        placeholder=t("questions.formula_hint"),
        autocomplete="off",
    )
    _echo(text or "", body)
    _focus(key)
    return (text or "") if _check(key, ready=True, shortcut="Ctrl+Enter") else None


def _symbols(body: Formula) -> None:
    """What each symbol stands for."""
    rows = "".join(
        f"<div><dt>{escape(s.name)}</dt><dd>{escape(s.meaning)} "
        f"<span>({escape(s.unit)})</span></dd></div>"
        for s in body.symbols.values()
    )
    st.html(f'<dl class="ws-symbols">{rows}</dl>')


def _echo(text: str, body: Formula) -> None:
    """The formula drawn, or a caret under the first thing not understood."""
    if not text.strip():
        return
    try:
        drawn = tex(parse(text, body.symbols))
    except FormulaError as error:
        problem(error.problem.text(language()), error.caret(text))
        return
    with st.container(key="echo"):
        st.html(f'<p class="ws-note">{escape(t("questions.read_as"))}</p>')
        st.latex(drawn)


def problem(message: str, caret: str = "") -> None:
    """Why an answer could not be read. It may quote the learner, so it is text, not Markdown."""
    place = f'<pre class="ws-caret">{escape(caret)}</pre>' if caret else ""
    text = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(message))
    st.html(f'<div class="ws-problem" role="alert">{place}<p>{text}</p></div>')


def _output(shown: Shown, key: str) -> Answer | None:
    with st.form(f"{key}-form", border=False):
        text = st.text_area(t("questions.output"), key=f"{key}-text", height=110)
        sent = _submit(key)
    _focus(key)
    return (text or "") if sent else None


def _spot(shown: Shown, key: str) -> Answer | None:
    with st.form(f"{key}-form", border=False):
        number = st.number_input(
            t("questions.line"), 1, len(shown.choices), None, 1, key=f"{key}-line", width=200
        )
        sent = _submit(key)
    _focus(key)
    if sent and number is None:
        problem(t("questions.no_line"))
    return int(number) - 1 if sent and number is not None else None


def _option(
    key: str, i: int, text: str, mark: str, *, on: bool, then: tuple[str, int | tuple[int, ...]]
) -> None:
    """One choice as a wide button with its number as key; `then` is what pressing it chooses."""
    st.button(
        f"{mark}\u2002{text}",
        key=f"{key}-option-{i}",
        shortcut=str(i + 1),
        width="stretch",
        type="primary" if on else "secondary",
        wrap=True,
        on_click=_choose,
        args=then,
    )


def _choose(place: str, chosen: int | tuple[int, ...]) -> None:
    st.session_state[place] = chosen


def _check(key: str, *, ready: bool, label: str = "", shortcut: str = "Space") -> bool:
    return st.button(
        label or t("questions.check"),
        key=f"{key}-check",
        type="primary",
        disabled=not ready,
        shortcut=shortcut,
    )


def _submit(key: str) -> bool:
    return st.form_submit_button(
        t("questions.check"), key=f"{key}-check", type="primary", shortcut="Ctrl+Enter"
    )


def _focus(key: str) -> None:
    """Put the cursor into the field once, when the question appears."""
    st.html(FOCUS.format(key=escape(key)), unsafe_allow_javascript=True)


INPUTS: dict[str, Callable[[Shown, str], Any]] = {
    "single": _single,
    "multiple": _multiple,
    "numeric": _number,
    "parametrised": _number,
    "formula": _formula,
    "order": _order,
    "match": _match,
    "output": _output,
    "spot": _spot,
    OPEN: points,
}
