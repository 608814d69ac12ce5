"""The job-skills checklist: what posts ask for, what you say, and what you have shown."""

from __future__ import annotations

import streamlit as st

from app.i18n import t
from app.ui import frame, skills_view
from app.ui.progress import standing

frame.title(t("nav.skills"), lead=t("skills.lead"))
stand = standing()
evidence = stand.evidence()
checklist, post = st.tabs([t("skills.checklist"), t("skills.job_post")])
with checklist:
    skills_view.strengths(evidence, stand.self_assessments)
    skills_view.checklist(evidence, stand.self_assessments)
with post:
    skills_view.job_post(evidence, stand.self_assessments)
