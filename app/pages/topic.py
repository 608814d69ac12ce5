"""One topic: its lesson with live figures, its drills and its questions."""

from __future__ import annotations

import streamlit as st

from app.i18n import language, t
from app.ui import frame, library, topic_view
from app.ui.places import link
from app.ui.progress import standing

wanted = st.query_params.get("id", "")
topics = library.all_topics(language())
if wanted not in topics:
    frame.title(t("topic.unknown"))
    st.write(t("topic.unknown_text", id=wanted) if wanted else t("topic.choose"))
    link("topics", t("topic.see_all", count=len(topics)))
    st.stop()

topic = topics[wanted]
stand = standing()
frame.tab_title(topic.title)
topic_view.header(topic)
if topic.lesson is None:
    topic_view.without_lesson(topic, stand.drills)
    topic_view.questions(topic)
    st.stop()
left, right = st.columns([7, 3], gap="large")
with left:
    topic_view.lesson(topic.id, topic.lesson, read=topic.id in stand.lessons_read)
with right, st.container(key="aside"):
    topic_view.contents(topic.lesson)
    topic_view.drills(topic, stand.drills)
    topic_view.questions(topic)
