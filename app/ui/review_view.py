"""The parts of a review: where the day stands, the card, its rating, settings, nothing left."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from html import escape

import streamlit as st

from app.i18n import language, plural, t
from app.reviews import Reviews, Session
from app.ui import question_view
from app.ui.asking import Answered, ask, reviews
from app.ui.cards import plain_label
from app.ui.html import bar, facts
from app.ui.places import link
from app.ui.review_queue import Turn, name, rated
from app.ui.services import store
from app.ui.when import day as day_name
from app.ui.when import moment
from drills.catalogue import all_drills
from question_bank.catalogue import get_question, show_question
from question_bank.scheduler import RATINGS, Plan, rating_of_answer

LATER = "review-later"  # names of cards put off in this tab


def day_line(session: Session, plan: Plan) -> None:
    """Done and left today, and days to the interview."""
    left = len(session.cards)
    total = session.done_today + left
    done = t("review.done", done=session.done_today, left=left)
    ahead = (plan.interview - date.today()).days if plan.interview else 0
    line = facts(
        escape(done),
        escape(plural("review.waiting", session.waiting)) if session.waiting else "",
        escape(plural("review.interview_in", ahead)) if ahead > 0 else "",
    )
    share = session.done_today / total if total else 1.0
    st.html(f'{line}<div style="display:flex;margin-top:.5rem">{bar(share, done)}</div>')


def turn(now: Turn) -> None:
    """One card: a question here, or a drill to be solved on its own page."""
    if now.card.item.kind == "drill":
        drill(now)
    else:
        question(now)


def drill(now: Turn) -> None:
    """A drill is rated by its judge: a pass takes it off the queue."""
    due = all_drills(language())[now.card.item.id]
    with st.container(border=True, key=f"due-drill-{due.id}"):
        st.html(f'<p class="ws-eyebrow">{escape(t("review.drill"))}</p>')
        st.subheader(plain_label(due.title), anchor=False)
        st.markdown(t("review.drill_text"))
        minutes = t("unit.minutes", count=due.minutes)
        st.html(facts(escape(t(f"difficulty.{due.difficulty}")), escape(minutes)))
        link("drill", t("review.to_drill"), id=due.id)
    later(now, shortcut="Space")


def question(now: Turn) -> None:
    item = now.card.item
    shown = show_question(get_question(item.id, language()), now.seed)
    question_view.heading(shown.question)
    question_view.prompt(shown)
    answered = ask(shown, review=True)
    if answered is None:
        later(now, shortcut="N")
        return
    above = st.container()
    rating_buttons(now, answered)  # before the verdict: whoever sees it may press their keys
    with above:
        question_view.verdict(shown, answered)
    question_view.reasons(shown, answered)
    question_view.flag(shown.question, shown.seed)


def rating_buttons(now: Turn, answered: Answered) -> None:
    """How well it was known, each with when the card then comes back; space takes our advice."""
    queue, item = reviews(), now.card.item
    ahead = queue.preview(item)
    advice = rating_of_answer(answered.grade.correct, answered.grade.score)
    key = f"rate-{item.id}-{now.seed}"
    chosen = 0
    with st.container(key="ratings"):
        st.html(f'<p class="ws-eyebrow">{escape(t("review.how_well"))}</p>')
        with st.container(horizontal=True, gap="small"):
            for rating in RATINGS:
                if st.button(
                    f"{t(f'review.rating.{rating}')} · {interval(ahead[rating])}",
                    key=f"{key}-{rating}",
                    shortcut=str(rating),
                    type="primary" if rating == advice else "secondary",
                ):
                    chosen = rating
        label = t("review.next", rating=t(f"review.rating.{advice}"))
        if st.button(label, key=f"{key}-next", type="tertiary", shortcut="Space"):
            chosen = advice
    if chosen:
        rate(queue, now, chosen)
        leave()


def rate(queue: Reviews, now: Turn, rating: int) -> None:
    """Rate a card once: a second press for the same answer does nothing."""
    card = queue.card(now.card.item) or now.card
    if not rated(queue, card, now.seed):
        queue.rate(now.card.item, rating)


def later(now: Turn, shortcut: str) -> None:
    key = f"later-{now.card.item.id}-{now.seed}"
    if st.button(t("review.later"), key=key, type="tertiary", shortcut=shortcut):
        st.session_state[LATER] = {*st.session_state.get(LATER, ()), name(now.card)}
        leave()


def leave() -> None:
    """On to the next card."""
    for parameter in ("id", "seed"):
        st.query_params.pop(parameter, None)
    st.rerun()


def interval(span: timedelta) -> str:
    """`10 min`, `3 d`, `2.1 mo`: short enough for a button."""
    seconds = span.total_seconds()
    if seconds < 3600:
        return t("review.minutes", count=max(1, round(seconds / 60)))
    if seconds < 86400:
        return t("review.hours", count=round(seconds / 3600))
    days = seconds / 86400
    if days < 60:
        return t("review.days", count=round(days))
    if days < 365:
        return t("review.months", count=f"{days / 30.44:.1f}")
    return t("review.years", count=f"{days / 365.25:.1f}")


def nothing_left(queue: Reviews, session: Session) -> None:
    """What stands here when the day's work is done."""
    put_off = [card for card in session.cards if name(card) in st.session_state.get(LATER, ())]
    st.subheader(t("review.put_off" if put_off else "review.nothing"), anchor=False)
    if put_off:
        if st.button(plural("review.take_up", len(put_off)), key="take-up", shortcut="Space"):
            st.session_state[LATER] = set()
            leave()
        return
    coming = min((card.due for card in queue.cards()), default=None)
    if session.waiting:
        st.write(plural("review.over_budget", session.waiting))
    elif coming:
        st.write(t("review.next_due", when=when(coming)))
    else:
        st.write(t("review.empty"))
    link("questions", t("review.to_questions"))


def when(coming: datetime) -> str:
    """A moment ahead: today with its time, else the day."""
    ahead = (coming.astimezone().date() - date.today()).days
    if ahead <= 0:
        return moment(coming)
    return t("review.tomorrow") if ahead == 1 else day_name(coming.astimezone().date())


def settings(plan: Plan) -> None:
    """How much a day, how sure, and until when. What is changed is saved at once."""
    with st.container(key="prose-settings"):
        interview = st.date_input(
            t("review.interview"),
            plan.interview,
            key="review-interview",
            help=t("review.interview_help"),
        )
        budget = st.number_input(t("review.budget"), 1, 500, plan.daily_budget, key="review-budget")
        new = st.number_input(t("review.new"), 0, 200, plan.new_per_day, key="review-new")
        retention = st.slider(
            t("review.retention"),
            70,
            97,
            round(100 * plan.retention),
            1,
            format="%d%%",
            key="review-retention",
            help=t("review.retention_help"),
        )
        st.html(f'<p class="ws-note">{escape(t("review.saved"))}</p>')
    _save("interview.date", interview.isoformat() if isinstance(interview, date) else None)
    _save("review.daily_budget", int(budget), plan.daily_budget)
    _save("review.new_per_day", int(new), plan.new_per_day)
    _save("review.retention", retention / 100, plan.retention)


def _save(key: str, value: object, default: object = None) -> None:
    if store().setting(key, default) != value:
        store().set_setting(key, value)
