"""One question from prompt to result. What was answered lies in the store under its seed.

The address of a question names the seed, so a reload finds the same numbers and, once there is an
answer to them, the result. Nothing here is lost with the tab but a text half typed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from html import escape
from typing import cast
from uuid import uuid4

import streamlit as st

from app.i18n import language, t
from app.reviews import Reviews
from app.store import Answer as Recorded
from app.ui import question_input, question_keys
from app.ui.services import grader, store
from question_bank.grade import Grade
from question_bank.question import Answer, Shown

DRAFT = "open_answer"  # event: what was said to an open question before its key points were seen
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Answered:
    """An answer in the store and its grade."""

    recorded: Recorded
    given: Answer
    grade: Grade


def reviews() -> Reviews:
    """The review queue of the learner."""
    return Reviews(store())


def found(shown: Shown) -> Recorded | None:
    """The answer given to this question with this seed, if there is one."""
    given = store().answers(shown.question.id, limit=None)
    return next((answer for answer in given if answer.params_seed == shown.seed), None)


def ask(shown: Shown, *, review: bool) -> Answered | None:
    """Draw what there is to do; the answer once it is given and graded.

    An answer outside a review also rates the question, if it is new or due.
    """
    question_keys.listen()
    recorded = found(shown)
    if recorded is None:
        grader().warm_up(shown)
        _inputs(shown, review)
        return None
    given = cast(Answer, _as_given(recorded.given))
    grade = grader().grade(shown, given)
    if grade is None:
        _waiting(shown, given, review)
        return None
    if not grade.understood:  # too slow this time; what was recorded holds
        grade = replace(
            grade, correct=bool(recorded.correct), score=recorded.score or 0.0, understood=True
        )
    return Answered(recorded, given, grade)


def _as_given(stored: object) -> object:
    """JSON has no tuples."""
    return tuple(stored) if isinstance(stored, list) else stored


def _key(shown: Shown) -> str:
    return f"q-{shown.question.id}-{shown.seed}"


@st.fragment
def _inputs(shown: Shown, review: bool) -> None:
    """The input. Choosing and typing rerun this and nothing else."""
    key = _key(shown)
    st.session_state.setdefault(f"{key}-since", time.time())
    if (sent := st.session_state.get(f"{key}-sent")) is not None:
        _waiting(shown, sent, review)
        return
    if shown.question.kind == question_input.OPEN and not _said(shown, key):
        return
    given = question_input.answer(shown, key)
    if given is not None:
        _send(shown, given, review)
    elif (grade := st.session_state.get(f"{key}-problem")) is not None:
        question_input.problem(grade.note.text(language()), grade.caret)


def _said(shown: Shown, key: str) -> bool:
    """An open question is answered aloud or in writing before its key points are seen."""
    drafts = [e for e in store().events(DRAFT, shown.question.id) if _is_of(e.payload, shown)]
    if drafts:
        _draft(drafts[-1].payload.get("text", ""))
        st.html(f'<p class="ws-note">{escape(t("questions.mark_points"))}</p>')
        return True
    text = st.text_area(t("questions.say"), key=f"{key}-said", help=t("questions.say_help"))
    if st.button(t("questions.show_points"), key=f"{key}-reveal", type="primary", shortcut="Space"):
        payload = {"seed": shown.seed, "text": text or ""}
        store().record_event(DRAFT, shown.question.id, payload)
        st.rerun()
    return False


def _is_of(payload: object, shown: Shown) -> bool:
    return isinstance(payload, dict) and payload.get("seed") == shown.seed


def _draft(text: str) -> None:
    if text.strip():
        st.html(
            f'<p class="ws-eyebrow">{escape(t("questions.you_said"))}</p>'
            f'<pre class="ws-printed">{escape(text)}</pre>'
        )


def draft_of(shown: Shown) -> None:
    """What was written to an open question, beside its result."""
    for event in store().events(DRAFT, shown.question.id)[::-1]:
        if _is_of(event.payload, shown):
            _draft(event.payload.get("text", ""))
            return


def _send(shown: Shown, given: Answer, review: bool) -> None:
    """Grade and record; where grading takes longer the page says so and asks again."""
    key = _key(shown)
    st.session_state.pop(f"{key}-problem", None)
    grade = grader().grade(shown, given)
    if grade is None:
        st.session_state[f"{key}-sent"] = given
        st.rerun()
    else:
        _take(shown, given, grade, review)


def _take(shown: Shown, given: Answer, grade: Grade, review: bool) -> None:
    key = _key(shown)
    st.session_state.pop(f"{key}-sent", None)
    if not grade.understood:
        st.session_state[f"{key}-problem"] = grade
        st.rerun()
    since = st.session_state.get(f"{key}-since", time.time())
    answer_id = st.session_state.setdefault(f"{key}-id", uuid4())
    queue = reviews()
    queue.record_answer(
        shown, given, grade, took_ms=(time.time() - since) * 1000, answer_id=answer_id
    )
    if not review:
        queue.practised(shown.question, grade)
    st.rerun()


@st.fragment(run_every=POLL_SECONDS)
def _waiting(shown: Shown, given: Answer, review: bool) -> None:
    """The comparison is under way: look again soon."""
    st.html(f'<p class="ws-note" role="status">{escape(t("questions.comparing"))}</p>')
    grade = grader().grade(shown, given, wait=0.05)
    if grade is None:
        return
    if found(shown) is None:
        _take(shown, given, grade, review)
    st.rerun()
