"""Cards and chips that several pages show: a drill, a topic, a state, a verdict's name."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from app.i18n import plural, t
from app.store import DrillState, State
from app.ui.html import Tone, bar, chip, facts
from app.ui.library import Topic
from app.ui.places import link
from drills.catalogue import Drill
from verifiers.verdict import Kind

States = Mapping[str, DrillState]
STATE_TONES: dict[State, Tone] = {"new": "plain", "tried": "warn", "passed": "good"}


def state_of(drill: Drill, states: States) -> State:
    """Whether the drill is new to the learner, was tried, or passed."""
    return states[drill.id].state if drill.id in states else "new"


def state_chip(state: State) -> str:
    return chip(t(f"state.{state}"), STATE_TONES[state])


def verdict_tone(kind: Kind) -> Tone:
    """Green for a pass, amber where a limit or our own fault ended it, red for the rest."""
    if kind == "passed":
        return "good"
    limits = ("time_limit", "memory_limit", "output_limit", "judge_error")
    return "warn" if kind in limits else "bad"


def verdict_chip(kind: Kind) -> str:
    return chip(t(f"verdict.{kind}"), verdict_tone(kind))


def difficulty(drill: Drill) -> str:
    return t(f"difficulty.{drill.difficulty}")


def drill_card(drill: Drill, topic_title: str, states: States, *, why: str = "") -> None:
    """A drill as a card that is one link. `why` says why it is here ("Continue")."""
    with st.container(border=True, key=f"card-drill-{drill.id}", height="stretch"):
        if why:
            st.html(f'<p class="ws-eyebrow">{escape(why)}</p>')
        link("drill", plain_label(drill.title), id=drill.id)
        st.html(
            facts(
                escape(topic_title),
                escape(difficulty(drill)),
                t("unit.minutes", count=drill.minutes),
                state_chip(state_of(drill, states)),
            )
        )


def topic_card(topic: Topic, states: States, *, read: bool, why: str = "") -> None:
    """A topic as a card: its summary, and how much of it is done."""
    passed = sum(state_of(drill, states) == "passed" for drill in topic.drills)
    with st.container(border=True, key=f"card-topic-{topic.id}", height="stretch"):
        if why:
            st.html(f'<p class="ws-eyebrow">{escape(why)}</p>')
        link("topic", plain_label(topic.title), id=topic.id)
        if topic.lesson:
            st.html(f'<p class="ws-note">{escape(topic.lesson.summary)}</p>')
        st.html(_topic_facts(topic, passed, read=read))


def _topic_facts(topic: Topic, passed: int, *, read: bool) -> str:
    total = len(topic.drills)
    done = plural("topic.passed_of", total, passed=passed)
    lesson = topic.lesson and t("topic.lesson_minutes", minutes=topic.lesson.minutes)
    items = [
        escape(lesson or ""),
        escape(done) if total else "",
        chip(t("topic.read"), "good") if read else "",
    ]
    line = bar(passed / total, done, tone="good" if passed == total else "calm") if total else ""
    return facts(*items) + (f'<div style="margin-top:.55rem;display:flex">{line}</div>')


def drill_lines(drills: tuple[Drill, ...], states: States, *, key: str) -> None:
    """Drills as a compact list, one link a line."""
    if not drills:
        st.html(f'<p class="ws-note">{escape(t("topic.no_drills"))}</p>')
        return
    for drill in drills:
        with st.container(key=f"card-line-{key}-{drill.id}"):
            link("drill", plain_label(drill.title), id=drill.id)
            st.html(
                facts(
                    escape(difficulty(drill)),
                    t("unit.minutes", count=drill.minutes),
                    state_chip(state_of(drill, states)),
                )
            )


def plain_label(text: str) -> str:
    """A title as a label: characters that Markdown would take for its own are shown as they are."""
    return "".join(f"\\{c}" if c in "\\`*_[]:$~" else c for c in text)
