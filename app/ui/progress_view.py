"""The parts of the progress page: streak, calendar, topics, latest submissions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from app.i18n import language, plural, t
from app.store import Attempt, Day, Streak
from app.ui import cards, library
from app.ui.html import facts, labelled_bar
from app.ui.places import link
from app.ui.progress import standing
from app.ui.when import day as day_name
from app.ui.when import moment
from drills.catalogue import all_drills

LEVELS = (0, 1, 3, 6, 10)  # tries and answers of a day from which its square gets darker


def stats(items: Iterable[tuple[object, str]]) -> None:
    """Large figures with what they count under them."""
    inside = "".join(
        f'<div class="ws-stat"><b>{escape(str(figure))}</b><span>{escape(name)}</span></div>'
        for figure, name in items
    )
    st.html(f'<div class="ws-stats">{inside}</div>')


def streak_line(streak: Streak) -> None:
    stats(
        [
            (streak.current, plural("home.streak", streak.current)),
            (streak.longest, t("home.longest")),
        ]
    )


def calendar(days: Sequence[Day]) -> None:
    """A year of squares, one a day: darker where more was done. Each says its figures."""
    st.subheader(t("progress.calendar"), anchor=False)
    active = sum(day.active for day in days)
    label = escape(plural("progress.active_days", active))
    st.html(f'<div class="ws-calendar" role="img" aria-label="{label}"><div>{_squares(days)}</div>')
    st.html(f'<p class="ws-note">{label}</p>')


def _squares(days: Sequence[Day]) -> str:
    cells: list[str] = []
    for day in days:
        weekday = day.date.weekday()
        if not cells or weekday == 0:
            starts = day.date.day <= 7 and weekday == 0
            cells.append(f'<span class="month">{_month(day) if starts else ""}</span>')
        if len(cells) == 1 and weekday:
            cells.append(f'<span style="grid-row: 2 / span {weekday}"></span>')
        cells.append(f'<i class="l{_level(day)}" title="{escape(_tip(day))}"></i>')
    return "".join(cells)


def _month(day: Day) -> str:
    return escape(t(f"month.{day.date.month}"))


def _level(day: Day) -> int:
    done = day.attempts + day.answers
    return sum(done >= least for least in LEVELS[1:])


def _tip(day: Day) -> str:
    counts = t("progress.day", tries=day.attempts, passes=day.passes, answers=day.answers)
    return f"{day_name(day.date)}: {counts}"


def by_topic() -> None:
    """Passed drills of every topic."""
    st.subheader(t("progress.by_topic"), anchor=False)
    states = standing().drills
    rows = []
    for topic in library.all_topics(language()).values():
        total = len(topic.drills)
        if total:
            passed = sum(cards.state_of(drill, states) == "passed" for drill in topic.drills)
            figure = t("home.of", done=passed, total=total)
            tone = cards.STATE_TONES["passed"] if passed == total else "calm"
            rows.append(labelled_bar(topic.title, passed / total, figure, tone=tone))
    st.html("".join(rows))


def recent(attempts: Sequence[Attempt]) -> None:
    """The latest submissions, each a link to its drill."""
    st.subheader(t("progress.recent"), anchor=False)
    drills = all_drills(language())
    for attempt in attempts:
        with st.container(border=True, key=f"card-attempt-{attempt.id}"):
            drill = drills.get(attempt.drill)
            if drill:
                link("drill", cards.plain_label(drill.title), id=drill.id)
            else:
                st.markdown(f"`{attempt.drill}`")
            passed = sum(check.passed for check in attempt.checks)
            counted = t("verdict.checks_passed", passed=passed, total=len(attempt.checks))
            st.html(
                facts(
                    cards.verdict_chip(attempt.verdict),
                    escape(moment(attempt.happened_at)),
                    escape(counted) if attempt.checks else "",
                )
            )
