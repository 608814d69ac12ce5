"""Questions: the list with its filters, or the one question that the address names."""

from __future__ import annotations

import streamlit as st

from app.i18n import t
from app.ui import frame, question_list, question_page

wanted = st.query_params.get("id", "")
if wanted:
    question_page.show(wanted)
else:
    frame.title(t("nav.questions"), lead=t("questions.lead"))
    question_list.show()
