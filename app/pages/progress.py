"""What was done and when: the calendar, each topic, the latest submissions."""

from __future__ import annotations

import streamlit as st

from app.i18n import t
from app.ui import frame, progress_view
from app.ui.places import link
from app.ui.services import store

ATTEMPTS = 30
DAYS = 7 * 53

frame.title(t("nav.progress"), lead=t("progress.lead"))
progress = store()
with progress.reading():
    days = progress.calendar(DAYS)
    streak = progress.streak()
    attempts = progress.attempts(limit=ATTEMPTS)
if attempts or any(day.active for day in days):
    progress_view.streak_line(streak)
    progress_view.calendar(days)
    progress_view.by_topic()
    progress_view.recent(attempts)
else:
    st.write(t("progress.empty"))
    link("drills", t("progress.to_drills"))
