"""The list of questions: filters in the address, and what the learner did with each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal

import streamlit as st

from app.i18n import language, plural, t
from app.store import QuestionState
from app.ui import filters, library
from app.ui.cards import plain_label
from app.ui.html import Tone, chip, facts
from app.ui.places import link
from app.ui.services import store
from question_bank.catalogue import all_questions
from question_bank.kinds import KINDS
from question_bank.question import LEVELS, Question

PER_PAGE = 24
SHORT_LIST = 6
FILTERS = ("q", "topic", "kind", "level", "state")
STATES = ("new", "wrong", "right")
State = Literal["new", "wrong", "right"]
TONES: dict[State, Tone] = {"new": "plain", "wrong": "warn", "right": "good"}
States = Mapping[str, QuestionState]


@dataclass(frozen=True)
class Wanted:
    """What the address asks for; empty asks for nothing."""

    words: tuple[str, ...] = ()
    topic: str = ""
    kind: str = ""
    level: str = ""
    state: str = ""

    def fits(self, question: Question, states: States) -> bool:
        text = " ".join((question.id, question.title, question.topic, *question.skills))
        return (
            self.topic in ("", question.topic)
            and self.kind in ("", question.kind)
            and self.level in ("", question.level)
            and self.state in ("", state_of(question, states))
            and all(word in text.casefold() for word in self.words)
        )


def state_of(question: Question, states: States) -> State:
    """Never answered, or how the last answer was."""
    if question.id not in states:
        return "new"
    return "right" if states[question.id].last_correct else "wrong"


def ordered() -> list[Question]:
    """Every question by topic of the curriculum, easier ones first."""
    places = {topic: i for i, topic in enumerate(library.all_topics(language()))}
    return sorted(
        all_questions(language()).values(),
        key=lambda q: (places.get(q.topic, len(places)), q.topic, LEVELS.index(q.level), q.id),
    )


def from_address() -> Wanted:
    """The filters as they stand in the address; a value that does not exist asks for nothing."""
    given = {name: st.query_params.get(name, "") for name in FILTERS}
    known = {
        "topic": {question.topic for question in all_questions().values()},
        "kind": set(KINDS),
        "level": set(LEVELS),
        "state": set(STATES),
    }
    kept = {name: given[name] if given[name] in values else "" for name, values in known.items()}
    return Wanted(tuple(given["q"].casefold().split()), **kept)


def filter_parameters() -> dict[str, str]:
    """The filters of the address, to be taken along by links."""
    return {name: st.query_params[name] for name in FILTERS if name in st.query_params}


def topic_title(topic: str) -> str:
    topics = library.all_topics(language())
    return topics[topic].title if topic in topics else library.readable(topic)


def filter_row() -> None:
    """The widgets that write the address."""
    questions = ordered()
    search, by_topic, by_kind = st.columns(3, vertical_alignment="bottom")
    by_level, by_state, _ = st.columns(3, vertical_alignment="bottom")
    topics = list(dict.fromkeys(question.topic for question in questions))
    kinds = [kind for kind in KINDS if any(q.kind == kind for q in questions)]
    with search:
        filters.search(t("drills.search"), "q", t("questions.search_hint"))
    with by_topic:
        filters.choose(t("drills.topic"), "topic", topics, topic_title, t("drills.all_topics"))
    with by_kind:
        filters.choose(
            t("questions.kind_label"),
            "kind",
            kinds,
            lambda kind: t(f"questions.kind.{kind}"),
            t("questions.all_kinds"),
        )
    with by_level:
        filters.pick(
            t("questions.level_label"),
            "level",
            LEVELS,
            lambda level: t(f"questions.level.{level}"),
        )
    with by_state:
        filters.pick(
            t("drills.state"), "state", STATES, lambda state: t(f"questions.state.{state}")
        )


def show() -> None:
    """Filters, how many fit, the first of them to begin with, and a page of cards."""
    filter_row()
    states = store().question_states()
    wanted = from_address()
    fitting = [question for question in ordered() if wanted.fits(question, states)]
    if not fitting:
        st.html(f'<p class="ws-note">{escape(t("questions.none"))}</p>')
        return
    right = sum(state_of(question, states) == "right" for question in fitting)
    with st.container(horizontal=True, vertical_alignment="center", key="found"):
        count = escape(plural("questions.found", len(fitting), right=right))
        st.html(f'<p class="ws-note">{count}</p>', width="content")
        first = next((q for q in fitting if state_of(q, states) == "new"), fitting[0])
        link("questions", t("questions.practise"), id=first.id, **filter_parameters())
    pages = max(1, math.ceil(len(fitting) / PER_PAGE))
    page = filters.page_number(pages, "page")
    with st.grid("auto", min_column_width=300, gap="small"):
        for question in fitting[(page - 1) * PER_PAGE : page * PER_PAGE]:
            card(question, states)
    if pages > 1:
        filters.paginate(pages, "page")


def card(question: Question, states: States) -> None:
    """A question as a card that is one link."""
    with st.container(border=True, key=f"card-question-{question.id}", height="stretch"):
        link("questions", plain_label(question.title), id=question.id, **filter_parameters())
        st.html(
            facts(
                escape(topic_title(question.topic)),
                escape(t(f"questions.level.{question.level}")),
                escape(t(f"questions.kind.{question.kind}")),
                state_chip(state_of(question, states)),
            )
        )


def state_chip(state: State) -> str:
    return chip(t(f"questions.state.{state}"), TONES[state])


def after(question: Question) -> Question | None:
    """The next question of the list that the address asks for; None where it is the only one."""
    states, wanted, everything = store().question_states(), from_address(), ordered()
    at = next(i for i, other in enumerate(everything) if other.id == question.id)
    ring = everything[at + 1 :] + everything[:at]
    return next((other for other in ring if wanted.fits(other, states)), None)


def of_topic(topic_id: str, key: str) -> None:
    """The first questions of a topic that are not answered rightly yet, one link a line."""
    states = store().question_states()
    mine = [question for question in ordered() if question.topic == topic_id]
    todo = [question for question in mine if state_of(question, states) != "right"]
    for question in todo[:SHORT_LIST]:
        with st.container(key=f"card-line-{key}-{question.id}"):
            link("questions", plain_label(question.title), id=question.id, topic=topic_id)
            st.html(
                facts(
                    escape(t(f"questions.level.{question.level}")),
                    escape(t(f"questions.kind.{question.kind}")),
                    state_chip(state_of(question, states)),
                )
            )
