"""The plots of reviews: work ahead, and how much was and will be remembered."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go
import streamlit as st

from app.i18n import t
from question_bank.forecast import DayAhead, Week

WORK, RECALL, GOAL = "#4a899c", "#b8682b", "#7d868a"  # legible on light and on dark


def ahead(days: Sequence[DayAhead]) -> None:
    """Reviews a day, and the mean chance of recall if nothing were reviewed."""
    total = sum(day.reviews for day in days)
    dates = [day.day for day in days]
    work = go.Figure(go.Bar(x=dates, y=[day.reviews for day in days], marker_color=WORK))
    work.update_yaxes(rangemode="tozero", title=t("review.plot.reviews"))
    draw(work, t("review.plot.load"), "review-load")
    note(t("review.plot.load_text", total=total, most=max(day.reviews for day in days)))
    known = [(day.day, day.recall) for day in days if day.recall is not None]
    if known:
        fading = go.Figure(
            go.Scatter(x=[d for d, _ in known], y=[r for _, r in known], line={"color": RECALL})
        )
        _percent_axis(fading)
        draw(fading, t("review.plot.fading"), "review-fading")
        first, last = f"{known[0][1]:.0%}", f"{known[-1][1]:.0%}"
        note(t("review.plot.fading_text", first=first, last=last))


def measured(weeks: Sequence[Week], goal: float) -> None:
    """The share recalled in each week, beside the share aimed for."""
    if not weeks:
        note(t("review.plot.no_retention"))
        return
    chart = go.Figure(
        go.Scatter(
            x=[week.monday for week in weeks],
            y=[week.retention for week in weeks],
            customdata=[week.reviews for week in weeks],
            mode="lines+markers",
            line={"color": WORK},
        )
    )
    chart.add_hline(goal, line={"color": GOAL, "dash": "dot"})
    _percent_axis(chart)
    draw(chart, t("review.plot.retention"), "review-retention-plot")
    reviews, recalled = sum(w.reviews for w in weeks), sum(w.recalled for w in weeks)
    share = f"{recalled / reviews:.0%}"
    note(t("review.plot.retention_text", share=share, reviews=reviews, goal=f"{goal:.0%}"))


def _percent_axis(chart: go.Figure) -> None:
    chart.update_yaxes(range=[0, 1.02], tickformat=".0%", title=t("review.plot.recalled"))


def draw(chart: go.Figure, title: str, key: str) -> None:
    chart.update_layout(
        title={"text": title, "font": {"size": 15}},
        height=270,
        margin={"l": 10, "r": 10, "t": 45, "b": 10},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    st.plotly_chart(chart, key=key, config={"displayModeBar": False}, alt=title)


def note(text: str) -> None:
    st.html(f'<p class="ws-note">{escape(text)}</p>')
