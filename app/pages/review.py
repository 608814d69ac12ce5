"""Reviews: what is due, card by card; how work and memory go; and the settings of both."""

from __future__ import annotations

import streamlit as st

from app.i18n import t
from app.ui import filters, frame, review_plots, review_view
from app.ui.asking import reviews
from app.ui.places import link
from app.ui.review_queue import choose

queue = reviews()
frame.title(t("nav.review"))
view = filters.pick(
    t("review.view"), "view", ("outlook", "settings"), lambda name: t(f"review.view_{name}")
)
plan = queue.plan()
if view:
    link("review", t("review.back"))
if view == "settings":
    review_view.settings(plan)
elif view == "outlook":
    review_plots.ahead(queue.forecast())
    review_plots.measured(queue.retention(), plan.retention)
else:
    session = queue.session()
    review_view.day_line(session, plan)
    seed = st.query_params.get("seed", "")
    wanted = (st.query_params.get("id", ""), int(seed)) if seed.isdecimal() else None
    now = choose(queue, session, wanted, st.session_state.get(review_view.LATER, ()))
    if now is None:
        review_view.nothing_left(queue, session)
    else:
        address = {"id": now.card.item.id, "seed": str(now.seed)}
        if st.query_params.to_dict() != address:
            st.query_params.from_dict(address)
        review_view.turn(now)
