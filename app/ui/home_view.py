"""The parts of the first page."""

from __future__ import annotations

from html import escape

import streamlit as st

from app.i18n import language, plural, t
from app.readiness import readiness
from app.ui import cards, frame, library, question_links
from app.ui.html import facts, labelled_bar, labelled_nothing
from app.ui.places import link
from app.ui.progress import Standing
from app.ui.progress_view import stats
from app.ui.services import store
from app.ui.skills_view import group_name, in_group
from app.ui.today import Suggestions, suggest
from drills.catalogue import all_drills
from topics.catalogue import all_lessons
from topics.skills import all_skills, groups

FIRST_DRILL = "softmax_temperature"  # the shortest one, with a lesson of its own


def welcome(stand: Standing) -> None:
    """What this is, in three steps that can be taken at once."""
    frame.title(t("home.welcome"), lead=t("home.welcome_lead"))
    drills, topics = all_drills(language()), library.all_topics(language())
    drill = drills.get(FIRST_DRILL) or next(iter(drills.values()), None)
    with st.grid("auto", min_column_width=280, gap="small"):
        if drill:
            cards.topic_card(
                topics[drill.topic], stand.drills, read=False, why=t("home.step_lesson")
            )
            with st.container(border=True, key="card-first-drill", height="stretch"):
                st.html(f'<p class="ws-eyebrow">{escape(t("home.step_drill"))}</p>')
                link("drill", cards.plain_label(drill.title), id=drill.id)
                st.html(f'<p class="ws-note">{escape(t("home.step_drill_text"))}</p>')
        with st.container(border=True, key="card-first-skills", height="stretch"):
            st.html(f'<p class="ws-eyebrow">{escape(t("home.step_skills"))}</p>')
            link("skills", t("home.to_skills"))
            st.html(f'<p class="ws-note">{escape(t("home.step_skills_text"))}</p>')
    lessons = sum(topic.lesson is not None for topic in topics.values())
    st.html(
        facts(
            escape(plural("home.lessons", lessons)),
            escape(plural("drills.found", len(drills))),
            escape(plural("topic.questions", len(question_links.questions()))),
            escape(plural("home.skills", len(all_skills()))),
        )
    )
    st.html(f'<p class="ws-note">{escape(t("home.runs_here"))}</p>')


def today(stand: Standing) -> None:
    """What to do next, and how far it is."""
    frame.title(t("home.title"))
    suggestions = suggest(
        library.ordered_drills(language()),
        list(all_lessons(language()).values()),
        stand.drills,
        stand.lessons_read,
    )
    due_reviews()
    suggestion_cards(suggestions, stand)
    st.subheader(t("home.so_far"), anchor=False)
    figures(stand)
    st.subheader(t("home.readiness"), anchor=False)
    readiness_bars(stand)


def due_reviews() -> None:
    count = question_links.due()
    if count:
        with st.container(border=True, key="card-due"):
            link("review", plural("home.due", count))


def suggestion_cards(suggestions: Suggestions, stand: Standing) -> None:
    topics = library.all_topics(language())
    with st.grid("auto", min_column_width=280, gap="small"):
        for drill, why in (
            (suggestions.unfinished, t("home.continue_drill")),
            (suggestions.next_drill, t("home.next_drill")),
        ):
            if drill:
                cards.drill_card(drill, topics[drill.topic].title, stand.drills, why=why)
        if lesson := suggestions.next_lesson:
            cards.topic_card(topics[lesson.id], stand.drills, read=False, why=t("home.next_lesson"))
    if suggestions == Suggestions(None, None, None):
        st.write(t("home.all_done"))


def figures(stand: Standing) -> None:
    streak = store().streak()
    drills, lessons = all_drills(), all_lessons()
    passed = sum(cards.state_of(drill, stand.drills) == "passed" for drill in drills.values())
    read = len(stand.lessons_read & lessons.keys())
    stats(
        [
            (streak.current, plural("home.streak", streak.current)),
            (t("home.of", done=passed, total=len(drills)), t("home.drills_passed")),
            (t("home.of", done=read, total=len(lessons)), t("home.lessons_read")),
        ]
    )


def readiness_bars(stand: Standing) -> None:
    evidence = stand.evidence()
    rows = []
    for group in groups().values():
        share = readiness(in_group(evidence, group.id))
        if share is None:
            rows.append(labelled_nothing(group_name(group), t("home.not_measured")))
        else:
            rows.append(labelled_bar(group_name(group), share, f"{share:.0%}"))
    st.html("".join(rows))
    measured = sum(item.measured for item in evidence.values())
    note = t("home.readiness_note", measured=measured, total=len(evidence))
    st.html(f'<p class="ws-note">{escape(note)}</p>')
