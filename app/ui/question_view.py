"""How a question and its result are drawn. Everything the learner typed is escaped."""

from __future__ import annotations

import re
from html import escape

import streamlit as st

from app.i18n import language, t
from app.reviews import FLAG_EVENT
from app.ui import library
from app.ui.asking import Answered, draft_of, reviews
from app.ui.cards import plain_label
from app.ui.html import Tone, chip, facts
from app.ui.places import link
from app.ui.services import store
from drills.catalogue import all_drills
from question_bank.grade import Grade, Part
from question_bank.kinds.open_answer import OpenAnswer
from question_bank.kinds.spot import Spot
from question_bank.question import Question, Shown

OWN_WORDS = ("numeric", "parametrised", "formula", "output")  # kinds answered by typing


def heading(question: Question) -> None:
    """Title, and the facts one chooses a question by."""
    st.title(question.title, anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="drill-facts"):
        topics = library.all_topics(language())
        if question.topic in topics:
            link("topic", topics[question.topic].title, id=question.topic)
        skills = ", ".join(library.skill_title(skill, language()) for skill in question.skills)
        st.html(
            facts(
                escape(t(f"questions.level.{question.level}")),
                escape(t(f"questions.kind.{question.kind}")),
                escape(skills),
            ),
            width="content",
        )


def prompt(shown: Shown) -> None:
    """The prompt; in a question about a wrong line the lines carry their numbers."""
    with st.container(key="prose-prompt"):
        body = shown.question.body
        if not isinstance(body, Spot):
            st.markdown(shown.prompt)
            return
        before, _, after = re.split(r"(```\w*\n.*?```)", shown.prompt, maxsplit=1, flags=re.DOTALL)
        st.markdown(before)
        st.code(body.code, language=body.language or None, line_numbers=True)
        if after.strip():
            st.markdown(after)


def reasons(shown: Shown, answered: Answered) -> None:
    """All that follows the verdict."""
    if shown.question.kind == "open":
        draft_of(shown)
    parts(shown, answered.grade)
    explanation(shown)
    if shown.question.kind == "open":
        follow_ups(shown)
    further(shown.question)


def verdict(shown: Shown, answered: Answered) -> None:
    grade = answered.grade
    with st.container(key=f"result-{'good' if grade.correct else 'bad'}"):
        said = t("questions.right" if grade.correct else "questions.wrong")
        st.html(f'<b role="status">{escape(said)}</b>')
        if more := beyond_heading(grade.note.text(language()), said):
            st.markdown(more)
        if shown.question.kind in OWN_WORDS:
            st.html(_pair(t("questions.yours"), str(answered.given)))
        if "".join(grade.read_as.split()) not in ("", "".join(str(answered.given).split())):
            st.html(_pair(t("questions.read_as"), grade.read_as))
        if not grade.correct and shown.question.kind in (*OWN_WORDS, "spot") and grade.answer:
            st.html(_pair(t("questions.answer"), grade.answer))


def beyond_heading(note: str, said: str) -> str:
    """A note without the words that the heading above it has said: `Not right. You are …`."""
    more = re.sub(rf"^{re.escape(said)}[.,:。，：]\s*", "", note)
    return more[:1].upper() + more[1:]


def _pair(name: str, text: str) -> str:
    return f'<div class="ws-pair"><span>{escape(name)}</span><code>{escape(text)}</code></div>'


def parts(shown: Shown, grade: Grade) -> None:
    """Every option, item or key point with why it is right or wrong."""
    if not grade.parts:
        return
    for number, part in enumerate(grade.parts):
        with st.container(key=f"part-{_tone(shown.question.kind, part)}-{number}"):
            st.markdown(f"**{part.label}**")
            st.html(_marks(shown.question, number, part))
            st.markdown(part.explanation)


def _marks(question: Question, number: int, part: Part) -> str:
    """What this part is, in words: the colour only repeats it."""
    kind = question.kind
    if kind in ("order", "match"):
        marks = [_mark("placed" if part.correct else "misplaced", part.correct)]
    elif kind == "spot":
        marks = [chip(t("questions.mark.innocent"))]
    elif kind == "open":
        essential = isinstance(question.body, OpenAnswer) and question.body.points[number].ticked
        marks = [chip(t("questions.mark.essential" if essential else "questions.mark.stronger"))]
        marks.append(_mark("made" if part.chosen else "missed", part.chosen))
    else:
        marks = [_mark("true" if part.correct else "false", part.correct)]
    if part.chosen and kind in ("single", "multiple", "spot"):
        marks.append(chip(t("questions.mark.yours"), "calm"))
    return facts(*marks)


def _mark(name: str, good: bool) -> str:
    tone: Tone = "good" if good else "bad"
    return chip(t(f"questions.mark.{name}"), tone)


def _tone(kind: str, part: Part) -> str:
    if kind == "spot":
        return "plain"
    good = part.chosen if kind == "open" else part.correct
    return "good" if good else "bad"


def explanation(shown: Shown) -> None:
    heading_key = "model" if shown.question.kind == "open" else "why"
    st.html(f'<p class="ws-eyebrow">{escape(t(f"questions.{heading_key}"))}</p>')
    with st.container(key="prose-explanation"):
        st.markdown(shown.explanation)
        source = escape(t("questions.source", source=shown.question.source))
        st.html(f'<p class="ws-note">{source}</p>')


def follow_ups(shown: Shown) -> None:
    """What an interviewer asks next, one by one, each with what a strong answer says."""
    body = shown.question.body
    assert isinstance(body, OpenAnswer)
    place = f"follow-{shown.question.id}-{shown.seed}"
    seen: int = st.session_state.get(place, 0)
    total = len(body.follow_ups)
    for number, step in enumerate(body.follow_ups[:seen], 1):
        with st.container(border=True, key=f"follow-{number}"):
            name = t("questions.follow_up", number=number, total=total)
            st.html(f'<p class="ws-eyebrow">{escape(name)}</p>')
            st.markdown(f"**{step.text}**")
            with st.expander(t("questions.strong_answer"), key=f"{place}-{number}"):
                st.markdown(step.why)
    if seen < total:
        label = t("questions.next_follow_up", number=seen + 1, total=total)
        if st.button(label, key=f"{place}-more", shortcut="F"):
            st.session_state[place] = seen + 1
            st.rerun()


def further(question: Question) -> None:
    """Drills that practise the same thing."""
    known = [all_drills(language())[name] for name in question.drills if name in all_drills()]
    if known:
        with st.container(horizontal=True, vertical_alignment="center", key="first-read"):
            st.html(
                f'<p class="ws-note">{escape(t("questions.practise_with"))}</p>', width="content"
            )
            for drill in known:
                link("drill", plain_label(drill.title), id=drill.id)


def flag(question: Question, seed: int) -> None:
    """Say that a question is unclear, and why."""
    if any(e.payload.get("seed") == seed for e in store().events(FLAG_EVENT, question.id)):
        st.html(f'<p class="ws-note">{escape(t("questions.flagged"))}</p>', width="content")
        return
    with st.popover(t("questions.flag"), type="tertiary"):
        with st.form(f"flag-{question.id}-{seed}", border=False):
            why = st.text_area(t("questions.flag_why"), max_chars=1000)
            sent = st.form_submit_button(t("questions.flag_send"), key="flag-send")
        if sent:
            reviews().flag(question, seed, why or "")
            st.rerun()
