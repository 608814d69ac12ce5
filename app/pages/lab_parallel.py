"""The parallelism lab: what every GPU does in a training step, and what it waits for."""

from __future__ import annotations

import streamlit as st

from app.i18n import language, t
from app.ui import frame, lab_parallel, lab_parallel_view
from topics.labs.parallel.controls import Values
from topics.labs.parallel.phrases import phrases
from topics.labs.parallel.request import Answer
from topics.phrases import speaking


def result(
    parallel: str, values: Values, prefix: str, narrow: bool, against: Answer | None = None
) -> Answer | None:
    """One setting's figures and charts; None where it cannot run."""
    answer = lab_parallel_view.simulate(parallel, values)
    if answer is None:
        return None
    lab_parallel_view.headline(answer, against)
    lab_parallel_view.charts(answer, values, prefix, narrow)
    curves = lab_parallel_view.scaling(parallel, answer, values, prefix)
    lab_parallel_view.explanations(answer.outcome)
    lab_parallel_view.take_away(parallel, answer, values, curves, prefix)
    return answer


frame.title(t("nav.lab_parallel"), lead=t("lab_parallel.lead"))
with st.container(key="wide"), speaking(phrases(language())):
    parallel = lab_parallel.kind()
    st.markdown(f":gray[{t(f'lab_parallel.about.{parallel}')}]")
    if lab_parallel.comparing():
        left, right = st.columns(2, gap="large")
        with left:
            st.subheader(t("lab_parallel.first"), anchor=False)
            first = result(
                parallel, lab_parallel.settings(parallel, lab_parallel.FIRST), "", narrow=True
            )
        with right:
            st.subheader(t("lab_parallel.second"), anchor=False)
            values = lab_parallel.settings(parallel, lab_parallel.SECOND)
            result(parallel, values, lab_parallel.SECOND, narrow=True, against=first)
    else:
        controls, shown = st.columns([4, 9], gap="large")
        with controls:
            values = lab_parallel.settings(parallel, lab_parallel.FIRST)
        with shown:
            result(parallel, values, lab_parallel.FIRST, narrow=False)
