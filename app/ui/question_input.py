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
FOCUS = """<script>(() => {{
  let tries = 200
  const waiting = setInterval(() => {{
    const field = document.querySelector(".st-key-{key} :is(input, textarea)")
    if (field) field.focus()
    if (field || --tries === 0) clearInterval(waiting)
  }}, 50)
}})()</script>"""


def answer(shown: Shown, key: str) -> Answer | None:
    """Draw the input; the answer in the run in which it was sent, else None."""
    with st.container(key="answer"):
        return INPUTS[shown.question.kind](shown, key)


def _single(shown: Shown, key: str) -> Answer | None:
    chosen: int | None = st.session_state.get(_place(key))
    for i, choice in enumerate(shown.choices):
        _option(key, i, choice, "◉" if chosen == i else "○", on=chosen == i, then=_take)
    return chosen if _check(key, missing="" if chosen is not None else "no_choice") else None


def _multiple(shown: Shown, key: str) -> Answer | None:
    chosen = _toggles(shown, key)
    return chosen if _check(key, missing="" if chosen else "no_choice") else None


def points(shown: Shown, key: str) -> Answer | None:
    """The key points of an open question, each to be marked if it was made."""
    chosen = _toggles(shown, key)
    return chosen if _check(key, label=t("questions.done_marking")) else None


def _toggles(shown: Shown, key: str) -> tuple[int, ...]:
    """Options of which several may be on; those that are, in their order."""
    chosen: tuple[int, ...] = st.session_state.get(_place(key), ())
    for i, choice in enumerate(shown.choices):
        _option(key, i, choice, "☑" if i in chosen else "☐", on=i in chosen, then=_toggle)
    return tuple(sorted(chosen))


def _order(shown: Shown, key: str) -> Answer | None:
    """Items are taken in order: pressing one gives it the next place, again takes it back."""
    st.html(f'<p class="ws-note">{escape(t("questions.how_order"))}</p>')
    taken: tuple[int, ...] = st.session_state.get(_place(key), ())
    for i, choice in enumerate(shown.choices):
        mark = f"**{taken.index(i) + 1}.**" if i in taken else "·"
        _option(key, i, choice, mark, on=i in taken, then=_toggle)
    complete = len(taken) == len(shown.choices)
    return taken if _check(key, missing="" if complete else "no_order") else None


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
    missing = "" if len(complete) == len(shown.choices) else "no_partner"
    return complete if _check(key, missing=missing, shortcut="Ctrl+Enter") else None


def _number(shown: Shown, key: str) -> Answer | None:
    named = any(letter.isalpha() for letter in shown.unit)  # "×" would tell nobody anything
    label = t("questions.answer_in", unit=shown.unit) if named else t("questions.answer")
    with st.form(f"{key}-form", border=False):
        text = st.text_input(
            label, key=f"{key}-text", placeholder=t("questions.number_hint"), autocomplete="off"
        )
        sent = _submit(key)
    _focus(f"{key}-text")
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
    _focus(f"{key}-text")
    return (text or "") if _check(key, shortcut="Ctrl+Enter") else None


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
    _focus(f"{key}-text")
    return (text or "") if sent else None


def _spot(shown: Shown, key: str) -> Answer | None:
    with st.form(f"{key}-form", border=False):
        number = st.number_input(
            t("questions.line"), 1, len(shown.choices), None, 1, key=f"{key}-line", width=200
        )
        sent = _submit(key)
    _focus(f"{key}-line")
    if sent and number is None:
        problem(t("questions.no_line"))
    return int(number) - 1 if sent and number is not None else None


def _option(
    key: str, i: int, text: str, mark: str, *, on: bool, then: Callable[[str, int], None]
) -> None:
    """One choice as a wide button with its number as key; pressing it calls `then`."""
    st.button(
        f"{mark}\u2002{text}",
        key=f"{key}-option-{i}",
        shortcut=str(i + 1),
        width="stretch",
        type="primary" if on else "secondary",
        wrap=True,
        on_click=then,
        args=(_place(key), i),
    )


def _place(key: str) -> str:
    """Where the session keeps what is chosen."""
    return f"{key}-chosen"


def _take(place: str, i: int) -> None:
    st.session_state[place] = i


def _toggle(place: str, i: int) -> None:
    chosen: tuple[int, ...] = st.session_state.get(place, ())
    st.session_state[place] = tuple(c for c in chosen if c != i) if i in chosen else (*chosen, i)


def _check(key: str, *, missing: str = "", label: str = "", shortcut: str = "Space") -> bool:
    """Whether the answer is to be checked. While something is `missing`, pressing says what.

    The button is never disabled: its key would be lost until the choice before it is drawn.
    """
    pressed = st.button(
        label or t("questions.check"), key=f"{key}-check", type="primary", shortcut=shortcut
    )
    if pressed and missing:
        problem(t(f"questions.{missing}"))
    return pressed and not missing


def _submit(key: str) -> bool:
    return st.form_submit_button(
        t("questions.check"), key=f"{key}-check", type="primary", shortcut="Ctrl+Enter"
    )


def _focus(key: str) -> None:
    """Put the cursor into the field once, when the question appears."""
    st.html(FOCUS.format(key=key), unsafe_allow_javascript=True)


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
