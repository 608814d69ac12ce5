"""The memory lab: will it fit, how long will it take, what does it cost."""

from __future__ import annotations

import streamlit as st

from app.i18n import language, t
from app.ui import frame, lab_memory, lab_memory_view
from topics.labs.memory.charts.bars import widest
from topics.labs.memory.estimate import Estimate
from topics.labs.memory.phrases import phrases
from topics.labs.parallel.controls import Values
from topics.phrases import speaking


def show(
    answer: Estimate,
    values: Values,
    config: str,
    prefix: str,
    against: Estimate | None = None,
    until: float | None = None,
) -> None:
    """One setting's figures, charts, inverse questions, derivations and files."""
    lab_memory_view.headline(answer, against)
    lab_memory_view.charts(answer, prefix, until)
    lab_memory_view.inverse(answer, prefix)
    lab_memory_view.explanations(answer)
    lab_memory_view.take_away(answer, values, config, prefix)


def alone() -> None:
    """One setting: its controls on the left, what it needs on the right."""
    controls, shown = st.columns([4, 9], gap="large")
    with controls:
        values, config = lab_memory.settings(lab_memory.FIRST, narrow=False)
    with shown:
        answer = lab_memory_view.answer_to(values, config)
        if answer:
            show(answer, values, config, lab_memory.FIRST)


def side_by_side() -> None:
    """Two settings on one axis; the second one's total is measured by the first's."""
    titles = (t("lab_memory.first"), t("lab_memory.second"))
    prefixes = (lab_memory.FIRST, lab_memory.SECOND)
    asked, answers = [], []
    for place, title, prefix in zip(st.columns(2, gap="large"), titles, prefixes, strict=True):
        with place:
            st.subheader(title, anchor=False)
            asked.append(lab_memory.settings(prefix, narrow=True))
            answers.append(lab_memory_view.answer_to(*asked[-1]))
    until = max((widest(answer) for answer in answers if answer), default=None)
    first = answers[0]
    for i, place in enumerate(st.columns(2, gap="large")):
        answer = answers[i]
        with place:
            if answer:
                show(answer, *asked[i], prefixes[i], first or answer, until)


frame.title(t("nav.lab_memory"), lead=t("lab_memory.lead"))
with st.container(key="wide"), speaking(phrases(language())):
    if lab_memory.comparing():
        side_by_side()
    else:
        alone()
