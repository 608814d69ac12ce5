"""The parts of a topic's page: heading, lesson with its live figures, drills, questions."""

from __future__ import annotations

import re
from html import escape

import streamlit as st

from app.i18n import language, plural, t
from app.ui import cards, frame, question_links, question_list
from app.ui.html import facts
from app.ui.library import Topic, all_topics
from app.ui.places import link
from app.ui.progress import LESSON_READ
from app.ui.services import store
from topics.catalogue import FigureRef, Lesson, Misconception, Text, figures
from topics.figure import Choice, Control, Figure, Slider, Toggle, Value


def header(topic: Topic) -> None:
    st.title(topic.title, anchor=False)
    if topic.lesson is None:
        return
    st.html(f'<p class="ws-note" style="font-size:1rem">{escape(topic.lesson.summary)}</p>')
    minutes = t("topic.lesson_minutes", minutes=topic.lesson.minutes)
    st.html(facts(escape(t(f"part.{topic.part}")), escape(minutes)))
    prerequisites(topic.lesson)


def prerequisites(lesson: Lesson) -> None:
    """Links to the topics a reader should know first, as far as they exist."""
    topics = all_topics(language())
    known = [topics[name] for name in lesson.prerequisites if name in topics]
    if known:
        with st.container(horizontal=True, vertical_alignment="center", key="first-read"):
            st.html(f'<p class="ws-note">{escape(t("topic.first_read"))}</p>', width="content")
            for topic in known:
                link("topic", topic.title, id=topic.id)


def without_lesson(topic: Topic, states: cards.States) -> None:
    """What there is of a topic whose lesson is not written yet: its drills."""
    st.html(f'<p class="ws-note">{escape(t("topic.no_lesson"))}</p>')
    with st.grid("auto", min_column_width=300, gap="small"):
        for drill in topic.drills:
            cards.drill_card(drill, topic.title, states)


def lesson(topic_id: str, lesson: Lesson, *, read: bool) -> None:
    """The lesson block by block, and the button that says it was read."""
    for number, block in enumerate(lesson.blocks):
        match block:
            case Text(markdown):
                with st.container(key=f"prose-{number}"):
                    st.markdown(markdown)
            case FigureRef(figure_id):
                live_figure(topic_id, figures(topic_id, language())[figure_id])
            case Misconception(claim, correction):
                misconception(number, claim, correction)
    if read:
        st.html(f'<p class="ws-note">{escape(t("topic.was_read"))}</p>')
    else:
        st.button(
            t("topic.mark_read"),
            key="mark-read",
            type="primary",
            on_click=_mark_read,
            args=(topic_id,),
        )


@frame.callback
def _mark_read(topic_id: str) -> None:
    store().record_event(LESSON_READ, topic_id)


def misconception(number: int, claim: str, correction: str) -> None:
    """A claim people make, called wrong before it is read as right."""
    with st.container(key=f"misconception-{number}"):
        st.html(f'<p class="ws-eyebrow">{escape(t("topic.misconception"))}</p>')
        st.markdown(f"**{claim}**")
        st.markdown(correction)


@st.fragment
def live_figure(topic_id: str, figure: Figure) -> None:
    """A figure with its controls. Moving one reruns this figure and nothing else."""
    with st.container(key=f"figure-{figure.id}"):
        st.markdown(f"**{figure.title}**")
        values: dict[str, Value] = {}
        with st.grid("auto", min_column_width=180, gap="small", vertical_alignment="bottom"):
            for control in figure.controls:
                values[control.name] = widget(f"{topic_id}-{figure.id}-{control.name}", control)
        drawing = figure.draw(**values)
        st.plotly_chart(
            drawing.plot,
            key=f"plot-{topic_id}-{figure.id}",
            config={"displayModeBar": False},
            alt=figure.title,
        )
        if drawing.text:
            st.markdown(drawing.text)
        if figure.caption:
            st.caption(figure.caption)


def widget(key: str, control: Control) -> Value:
    """The Streamlit widget of a control."""
    match control:
        case Slider(_, label, low, high, default, step):
            if all(float(number).is_integer() for number in (low, high, default, step)):
                return st.slider(label, int(low), int(high), int(default), int(step), key=key)
            return st.slider(label, float(low), float(high), float(default), float(step), key=key)
        case Choice(_, label, options, default):
            chosen = st.selectbox(
                label,
                options,
                options.index(default),
                format_func=control.label_of,
                key=key,
            )
            return default if chosen is None else chosen
        case Toggle(_, label, default):
            return st.toggle(label, default, key=key)


def contents(lesson: Lesson) -> None:
    """The lesson's sections as links within the page."""
    text = "\n".join(block.markdown for block in lesson.blocks if isinstance(block, Text))
    unfenced = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^## +(.+?)\s*$", unfenced, flags=re.MULTILINE)
    if len(headings) > 1:
        items = "\n".join(f"- [{heading}](#{anchor(heading)})" for heading in headings)
        st.html(f'<p class="ws-eyebrow">{escape(t("topic.on_this_page"))}</p>')
        st.markdown(items)


def anchor(heading: str) -> str:
    """The id Streamlit gives a heading: lower case, words joined by hyphens."""
    words = re.sub(r"[^\w\s-]", "", heading.lower())
    return re.sub(r"[\s_-]+", "-", words).strip("-")


def drills(topic: Topic, states: cards.States) -> None:
    st.html(f'<p class="ws-eyebrow">{escape(t("nav.drills"))}</p>')
    cards.drill_lines(topic.drills, states, key=topic.id)


def questions(topic: Topic) -> None:
    """Where the topic's questions are answered, once there are any."""
    count = question_links.count(topic.id, language())
    if count:
        st.html(f'<p class="ws-eyebrow">{escape(t("nav.questions"))}</p>')
        question_list.of_topic(topic.id, key=topic.id)
        link("questions", plural("topic.questions", count), topic=topic.id)
