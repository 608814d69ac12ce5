"""What stands behind the pages, one of each per server: progress store, judge's desk, grader."""

from __future__ import annotations

import streamlit as st

from app.reviews import Reviews
from app.store import Store
from app.ui.desk import Desk, Ticket
from app.ui.grading import Grader
from verifiers.service import JudgeService
from verifiers.verdict import Verdict


@st.cache_resource(show_spinner=False, on_release=lambda store: store.close())
def store() -> Store:
    """The learner's progress."""
    return Store.open()


@st.cache_resource(show_spinner=False, on_release=lambda desk: desk.close())
def desk() -> Desk:
    """Where submissions are judged. Its judge starts when first needed."""
    progress = store()

    def record(ticket: Ticket, verdict: Verdict) -> None:
        progress.record_attempt(verdict, ticket.source, submission_id=ticket.id)
        if verdict.passed:
            Reviews(progress).drill_finished(verdict.drill, passed=True)

    return Desk(JudgeService(), record)


@st.cache_resource(show_spinner=False, on_release=lambda grader: grader.close())
def grader() -> Grader:
    """Where answers to questions are graded."""
    return Grader()
