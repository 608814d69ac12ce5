"""All drills: search, filters in the address, and a page of cards."""

from __future__ import annotations

import math

import streamlit as st

from app.i18n import language, plural, t
from app.ui import cards, filters, frame, library
from app.ui.progress import standing
from drills.catalogue import DIFFICULTIES, Drill

PER_PAGE = 24
STATES = ("new", "tried", "passed")


def matches(drill: Drill, topic_title: str, words: list[str]) -> bool:
    """Whether every word occurs in the drill's id, title, topic, entry or skills."""
    hay = " ".join((drill.id, drill.title, drill.topic, topic_title, drill.entry, *drill.skills))
    return all(word in hay.casefold() for word in words)


frame.title(t("nav.drills"), lead=t("drills.lead"))
topics = library.all_topics(language())
states = standing().drills

search, by_topic, by_skill = st.columns(3, vertical_alignment="bottom")
by_difficulty, by_state, _ = st.columns(3, vertical_alignment="bottom")
with search:
    query = filters.search(t("drills.search"), "q", t("drills.search_hint"))
with by_topic:
    with_drills = [topic.id for topic in topics.values() if topic.drills]
    topic = filters.choose(
        t("drills.topic"),
        "topic",
        with_drills,
        lambda key: topics[key].title,
        t("drills.all_topics"),
    )
with by_skill:
    skill = filters.choose(
        t("drills.skill"),
        "skill",
        library.skills_of_drills(),
        lambda key: library.skill_title(key, language()),
        t("drills.all_skills"),
    )
with by_difficulty:
    difficulty = filters.pick(
        t("drills.difficulty"), "difficulty", DIFFICULTIES, lambda key: t(f"difficulty.{key}")
    )
with by_state:
    state = filters.pick(t("drills.state"), "state", STATES, lambda key: t(f"state.{key}"))

words = query.casefold().split()
found = [
    drill
    for drill in library.ordered_drills(language())
    if (not topic or drill.topic == topic)
    and (not skill or skill in drill.skills)
    and (not difficulty or drill.difficulty == difficulty)
    and (not state or cards.state_of(drill, states) == state)
    and matches(drill, topics[drill.topic].title, words)
]

passed = sum(cards.state_of(drill, states) == "passed" for drill in found)
st.html(
    f'<p class="ws-note">{plural("drills.found", len(found))} · '
    f"{plural('topic.passed_of', len(found), passed=passed)}</p>"
    if found
    else f'<p class="ws-note">{t("drills.none")}</p>'
)

pages = max(1, math.ceil(len(found) / PER_PAGE))
page = filters.page_number(pages, "page")
with st.grid("auto", min_column_width=300, gap="small"):
    for drill in found[(page - 1) * PER_PAGE : page * PER_PAGE]:
        cards.drill_card(drill, topics[drill.topic].title, states)
if pages > 1:
    filters.paginate(pages, "page")
