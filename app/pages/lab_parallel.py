"""The parallelism lab: what every GPU does in a training step, and what it waits for."""

from __future__ import annotations

import streamlit as st

from app.i18n import language, t
from app.ui import frame, lab_parallel, lab_parallel_view
from topics.labs.parallel.controls import Values
from topics.labs.parallel.phrases import phrases
from topics.labs.parallel.request import Answer
from topics.phrases import speaking


def show(
    parallel: str,
    answer: Answer,
    values: Values,
    prefix: str,
    against: Answer | None = None,
    until: float | None = None,
) -> None:
    """One setting's figures, charts, derivations and files."""
    lab_parallel_view.headline(answer, against)
    lab_parallel_view.charts(answer, values, prefix, narrow=against is not None, until=until)
    curves = lab_parallel_view.scaling(parallel, answer, values, prefix)
    lab_parallel_view.explanations(answer.outcome)
    lab_parallel_view.take_away(parallel, answer, values, curves, prefix)


def alone(parallel: str) -> None:
    """One setting: its controls on the left, what it does on the right."""
    controls, shown = st.columns([4, 9], gap="large")
    with controls:
        values = lab_parallel.settings(parallel, lab_parallel.FIRST)
    with shown:
        answer = lab_parallel_view.simulate(parallel, values)
        if answer:
            show(parallel, answer, values, lab_parallel.FIRST)


def side_by_side(parallel: str) -> None:
    """Two settings on one time axis; the second one's figures are measured by the first's."""
    titles = (t("lab_parallel.first"), t("lab_parallel.second"))
    prefixes = (lab_parallel.FIRST, lab_parallel.SECOND)
    values, answers = [], []
    for place, title, prefix in zip(st.columns(2, gap="large"), titles, prefixes, strict=True):
        with place:
            st.subheader(title, anchor=False)
            values.append(lab_parallel.settings(parallel, prefix))
            answers.append(lab_parallel_view.simulate(parallel, values[-1]))
    until, first = lab_parallel_view.last_end(answers), answers[0]
    for i, place in enumerate(st.columns(2, gap="large")):
        answer = answers[i]
        with place:
            if answer:
                show(parallel, answer, values[i], prefixes[i], first or answer, until)


frame.title(t("nav.lab_parallel"), lead=t("lab_parallel.lead"))
with st.container(key="wide"), speaking(phrases(language())):
    chosen = lab_parallel.kind()
    st.markdown(f":gray[{t(f'lab_parallel.about.{chosen}')}]")
    if lab_parallel.comparing():
        side_by_side(chosen)
    else:
        alone(chosen)
