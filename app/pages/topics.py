"""All topics by part of the curriculum, with what is done of each."""

from __future__ import annotations

import streamlit as st

from app.i18n import language, t
from app.ui import cards, frame, library
from app.ui.progress import standing

frame.title(t("nav.topics"), lead=t("topics.lead"))
stand = standing()
for part, topics in library.parts(language()).items():
    st.subheader(t(f"part.{part}"), anchor=f"part-{part}")
    with st.grid("auto", min_column_width=320, gap="small"):
        for topic in topics:
            cards.topic_card(topic, stand.drills, read=topic.id in stand.lessons_read)
