"""The page of one question: its address names the question and the seed of its numbers."""

from __future__ import annotations

from html import escape

import streamlit as st

from app.i18n import language, t
from app.reviews import next_seed
from app.ui import frame, question_list, question_view
from app.ui.asking import ask
from app.ui.places import go, link
from app.ui.services import store
from question_bank.catalogue import QuestionNotFoundError, all_questions, get_question
from question_bank.catalogue import show_question as draw_numbers
from question_bank.question import Question

LARGEST_SEED = 2**53  # the store keeps larger ones too, but JavaScript would not


def show(wanted: str) -> None:
    """The question of this id; another id says so and leads on."""
    try:
        question = get_question(wanted, language())
    except QuestionNotFoundError:
        frame.title(t("questions.unknown"))
        st.write(t("questions.unknown_text", id=wanted))
        link("questions", t("questions.see_all", count=len(all_questions())))
        return
    frame.tab_title(question.title)
    shown = draw_numbers(question, seed_of(question))
    link("questions", t("questions.back"), **question_list.filter_parameters())
    question_view.heading(question)
    question_view.prompt(shown)
    answered = ask(shown, review=False)
    above = st.container()
    # Before the result: whoever sees it may press their keys.
    onward(question, shown.seed, done=answered is not None)
    if answered:
        with above:
            question_view.verdict(shown, answered)
            question_view.reasons(shown, answered)


def seed_of(question: Question) -> int:
    """The seed in the address; without one a seed not met before, put into the address."""
    given = st.query_params.get("seed", "")
    if given.isascii() and given.isdecimal() and int(given) <= LARGEST_SEED:
        return int(given)
    seed = fresh_seed(question)
    st.query_params["seed"] = str(seed)
    return seed


def fresh_seed(question: Question) -> int:
    return next_seed(store().answers(question.id, limit=None))


def onward(question: Question, seed: int, *, done: bool) -> None:
    """What to do next: another of the kind, the next question, or say that it is unclear."""
    keep = question_list.filter_parameters()
    with st.container(horizontal=True, vertical_alignment="center", key="onward"):
        following = question_list.after(question)
        if following and st.button(
            t("questions.next" if done else "questions.skip"),
            key=f"next-{question.id}-{seed}",
            type="primary" if done else "tertiary",
            shortcut="Space" if done else "N",
        ):
            go("questions", id=following.id, **keep)
        if done:
            label = t("questions.another" if question.parametrised else "questions.again")
            if st.button(label, key=f"again-{question.id}-{seed}", shortcut="A"):
                st.query_params["seed"] = str(fresh_seed(question))
                st.rerun()
        question_view.flag(question, seed)
    if done and not following:
        st.html(f'<p class="ws-note">{escape(t("questions.last"))}</p>')
