"""Reviews against the progress store: what is due, what a rating does, data for the plots.

The rules are in `question_bank/scheduler.py`; this reads and writes the store for them. Questions
and drills share one queue. A question enters it with its first answer, a drill once it is passed
or given up. Settings: `review.retention`, `review.daily_budget`, `review.new_per_day`,
`interview.date` (ISO).
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.store import Answer, ReviewCard, Store
from app.store.records import utc_now
from drills.catalogue import all_drills
from question_bank.catalogue import all_questions
from question_bank.forecast import DayAhead, Reviewed, Week, forecast, measured_retention
from question_bank.grade import Grade
from question_bank.question import LEVELS, Question, Shown
from question_bank.scheduler import (
    Card,
    Item,
    Plan,
    card_from,
    is_due,
    new_card,
    preview,
    queue,
    rate,
    rating_of_answer,
    rating_of_drill,
)

FLAG_EVENT = "question_unclear"


@dataclass(frozen=True)
class Session:
    """What to do now: cards that are due, then new questions, and what the day has seen.

    `waiting` counts due cards that the daily budget leaves for another day.
    """

    due: tuple[Card, ...]
    new: tuple[Card, ...]
    done_today: int
    waiting: int

    @property
    def cards(self) -> tuple[Card, ...]:
        return (*self.due, *self.new)


class Reviews:
    """The review queue of one learner. `now` is called for the time, in UTC."""

    def __init__(self, store: Store, now: Any = utc_now) -> None:
        self.store = store
        self._now = now

    def plan(self) -> Plan:
        """The learner's settings; each that makes no sense gives way to its default."""
        settings = self.store.settings()
        plan = Plan(interview=_date(settings.get("interview.date")))
        for name in ("retention", "daily_budget", "new_per_day"):
            with contextlib.suppress(KeyError, TypeError, ValueError):
                plan = replace(plan, **{name: settings[f"review.{name}"]})
        return plan

    def cards(self) -> list[Card]:
        """Every card in the queue whose question or drill still exists."""
        found = (self._card(stored) for stored in self.store.review_cards())
        return [card for card in found if card is not None]

    def card(self, item: Item) -> Card | None:
        """The card of one item, or None where it is not in the queue."""
        return next((card for card in self.cards() if card.item == item), None)

    def session(self, topic: str | None = None) -> Session:
        """What to review now, of one topic or of all, and the new questions of the day."""
        with self.store.reading():
            plan, cards, now = self.plan(), self.cards(), self._now()
            today = self._today()
        chosen = [card for card in cards if topic in (None, card.item.topic)]
        done = sum(stored.last_at.astimezone().date() == today for stored in self._stored())
        due = queue(chosen, now, plan, done)
        waiting = sum(is_due(card, now, plan) for card in chosen) - len(due)
        room = max(
            0, min(plan.new_per_day - self._new_today(), plan.daily_budget - done - len(due))
        )
        new = self._new_questions({card.item.id for card in cards}, topic)[:room]
        return Session(tuple(due), tuple(new_card(item, now) for item in new), done, waiting)

    def preview(self, item: Item) -> dict[int, timedelta]:
        """For each rating how long until the item comes back."""
        now = self._now()
        return preview(self.card(item) or new_card(item, now), now, self.plan())

    def rate(self, item: Item, rating: int) -> Card:
        """Rate an item now and record it."""
        now = self._now()
        card = rate(self.card(item) or new_card(item, now), rating, now, self.plan())
        self.store.record_review(item.kind, item.id, rating, card.state, card.due, reviewed_at=now)
        return card

    def record_answer(
        self,
        shown: Shown,
        given: Any,
        grade: Grade,
        *,
        took_ms: float | None = None,
        answer_id: UUID | None = None,
    ) -> Answer | None:
        """Record an answer that could be read; None for one that could not."""
        if not grade.understood:
            return None
        return self.store.record_answer(
            shown.question.id,
            list(given) if isinstance(given, tuple) else given,
            kind=shown.question.kind,
            correct=grade.correct,
            score=grade.score,
            params_seed=shown.seed,
            took_ms=took_ms,
            answer_id=answer_id,
        )

    def practised(self, question: Question, grade: Grade) -> Card | None:
        """After an answer outside a review: rate it where it is new or due, else leave it."""
        item = item_of(question)
        card = self.card(item)
        if not grade.understood or (card and not is_due(card, self._now(), self.plan())):
            return None
        return self.rate(item, rating_of_answer(grade.correct, grade.score))

    def drill_finished(self, drill_id: str, *, passed: bool) -> Card | None:
        """After a drill was passed or given up: rate it where it is new or due.

        Failures and hints since its last review make a pass "hard"; giving up is "again".
        """
        drill = all_drills().get(drill_id)
        if drill is None:
            return None
        item = Item("drill", drill_id, drill.topic)
        card = self.card(item)
        if card and passed and not is_due(card, self._now(), self.plan()):
            return None
        since = card.last_review if card else None
        attempts = self.store.attempts(drill_id, limit=None)
        failures = sum(not a.passed and _after(a.happened_at, since) for a in attempts)
        events = self.store.events("hint_shown", drill_id)
        hints = sum(_after(event.happened_at, since) for event in events)
        return self.rate(item, rating_of_drill(passed=passed, failures=failures, hints=hints))

    def flag(self, question: Question, seed: int, why: str = "") -> None:
        """Record that the learner finds a question unclear."""
        self.store.record_event(FLAG_EVENT, question.id, {"seed": seed, "why": why})

    def forecast(self, days: int = 30) -> list[DayAhead]:
        """Work and fading recall over the coming days."""
        return forecast(self.cards(), self._now(), self.plan(), days)

    def retention(self) -> list[Week]:
        """Measured recall by week."""
        history = (
            Reviewed(Item(r.item_kind, r.item), r.happened_at, r.rating)
            for r in self.store.reviews()
        )
        return measured_retention(history)

    def _stored(self) -> list[ReviewCard]:
        return self.store.review_cards()

    def _card(self, stored: ReviewCard) -> Card | None:
        known = all_questions() if stored.item_kind == "question" else all_drills()
        if stored.item not in known:
            return None
        item = Item(stored.item_kind, stored.item, known[stored.item].topic)
        with contextlib.suppress(ValueError):
            return card_from(item, stored.card)
        return new_card(item, self._now())

    def _today(self) -> date:
        today: date = self._now().astimezone().date()
        return today

    def _new_today(self) -> int:
        """Items whose first review was today."""
        first: dict[tuple[str, str], date] = {}
        for review in self.store.reviews():
            key = (review.item_kind, review.item)
            first.setdefault(key, review.happened_at.astimezone().date())
        return sum(day == self._today() for day in first.values())

    def _new_questions(self, known: set[str], topic: str | None) -> list[Item]:
        """Questions never answered: topics already begun first, easier levels first."""
        questions = all_questions()
        begun = {questions[name].topic for name in known if name in questions}
        fresh = [
            question
            for question in questions.values()
            if question.id not in known and topic in (None, question.topic)
        ]
        rng = random.Random(self._today().toordinal())
        rng.shuffle(fresh)  # the same all day, another order tomorrow
        fresh.sort(key=lambda q: (bool(begun) and q.topic not in begun, LEVELS.index(q.level)))
        return [item_of(question) for question in fresh]


def item_of(question: Question) -> Item:
    """A question as an item of the queue."""
    return Item("question", question.id, question.topic)


def interval_words(interval: timedelta) -> str:
    """`10 min`, `3 d`, `2.1 mo`: short enough for a button."""
    seconds = interval.total_seconds()
    if seconds < 3600:
        return f"{max(1, round(seconds / 60))} min"
    if seconds < 86400:
        return f"{round(seconds / 3600)} h"
    days = seconds / 86400
    if days < 60:
        return f"{round(days)} d"
    return f"{days / 30.44:.1f} mo" if days < 365 else f"{days / 365.25:.1f} y"


def next_seed(answers: Sequence[Answer]) -> int:
    """A seed for showing a question again that differs from the seeds it had before."""
    used = {answer.params_seed for answer in answers if answer.params_seed is not None}
    return max(used, default=0) + 1


def _date(value: Any) -> date | None:
    if not isinstance(value, str):
        return None
    with contextlib.suppress(ValueError):
        return date.fromisoformat(value)
    return None


def _after(time: datetime, since: datetime | None) -> bool:
    return since is None or time > since
