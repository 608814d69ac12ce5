"""One drill: its statement, the editor, the verdict, and what the learner did with it before."""

from __future__ import annotations

import streamlit as st

from app.i18n import language, t
from app.ui import drill_view, frame
from app.ui.places import link
from app.ui.services import desk, store
from drills.catalogue import DrillNotFoundError, all_drills, get_drill

wanted = st.query_params.get("id", "")
try:
    drill = get_drill(wanted, language())
except DrillNotFoundError:
    frame.title(t("drill.unknown"))
    st.write(t("drill.unknown_text", id=wanted) if wanted else t("drill.choose"))
    link("drills", t("drill.see_all", count=len(all_drills())))
    st.stop()

desk().warm_up()
frame.tab_title(drill.title)
state = store().drill_states([drill.id])[drill.id]
with st.container(key="wide"):  # the style sheet gives this page more room
    drill_view.header(drill, state)
with st.container(key="bench"):  # and stacks the two where there is none
    left, right = st.columns([5, 6], gap="medium")
with left, st.container(key="task"):
    drill_view.statement(drill)
    drill_view.hints(drill, state)
with right:
    drill_view.workplace(drill, state)
