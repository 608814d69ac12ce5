"""When a question or a code drill comes back: FSRS-6, shared by both, with no database.

A card is the memory of one item. Rating it (1 again, 2 hard, 3 good, 4 easy) gives the next card
and when it is due; a preview says so for each rating without changing anything. An interview date
caps every interval, so that all cards come back before it. The model: Ye et al. 2022, "A
Stochastic Shortest Path Algorithm for Optimizing Spaced Repetition Scheduling" (KDD), as
implemented by the `fsrs` package. Times are aware datetimes in UTC.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import fsrs

ItemKind = Literal["question", "drill"]
AGAIN, HARD, GOOD, EASY = RATINGS = (1, 2, 3, 4)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LONGEST_DAYS = 730
EVE_SPREAD_DAYS = 5  # cards pulled before an interview spread over this many days


@dataclass(frozen=True)
class Item:
    """What is reviewed: a question or a drill, by id; `topic` keeps neighbours apart."""

    kind: ItemKind
    id: str
    topic: str = ""


@dataclass(frozen=True)
class Card:
    """The state of one item: the scheduler's own as JSON text, when it is due, when last seen."""

    item: Item
    state: str
    due: datetime
    last_review: datetime | None = None


@dataclass(frozen=True)
class Plan:
    """What the learner wants: the recall to aim for, work a day, and when the interview is."""

    retention: float = 0.9
    daily_budget: int = 40
    new_per_day: int = 10
    interview: date | None = None

    def __post_init__(self) -> None:
        if not 0.7 <= self.retention <= 0.97:
            raise ValueError("the recall to aim for lies between 70 % and 97 %")
        if self.daily_budget < 1 or self.new_per_day < 0:
            raise ValueError("the daily budget is at least 1, new items at least 0")


def new_card(item: Item, now: datetime) -> Card:
    """A card that was never reviewed; due at once."""
    card = fsrs.Card(card_id=_number(item), due=_utc(now))
    return Card(item, card.to_json(), card.due)


def card_from(item: Item, state: str) -> Card:
    """A card from its stored state. Raises ValueError where that is not one."""
    card = _load(state)
    return Card(item, state, card.due, card.last_review)


def rate(card: Card, rating: int, now: datetime, plan: Plan) -> Card:
    """The card after a rating. Raises ValueError for a rating outside 1 to 4."""
    now = _utc(now)
    scheduler = _scheduler(card.item.kind, plan.retention, longest_days(plan, now))
    reviewed, _ = scheduler.review_card(_load(card.state), fsrs.Rating(rating), now)
    due = now + _fuzzed(card, reviewed.due - now)
    due = due_before_interview(card.item, due, now, plan)
    reviewed = replace(reviewed, due=due)
    return Card(card.item, reviewed.to_json(), due, now)


def preview(card: Card, now: datetime, plan: Plan) -> dict[int, timedelta]:
    """For each rating how long until the card comes back. The card does not change."""
    return {rating: rate(card, rating, now, plan).due - _utc(now) for rating in RATINGS}


def recall(card: Card, now: datetime) -> float:
    """The chance of still knowing it, from 0 to 1; 0 for a card never reviewed."""
    scheduler = _scheduler(card.item.kind, 0.9, LONGEST_DAYS)
    return float(scheduler.get_card_retrievability(_load(card.state), _utc(now)))


def longest_days(plan: Plan, now: datetime) -> int:
    """The longest interval allowed: everything returns before the interview, if one is ahead."""
    left = _days_left(plan, now)
    return LONGEST_DAYS if left is None else max(1, left - 1)


def due_before_interview(item: Item, due: datetime, now: datetime, plan: Plan) -> datetime:
    """When an item is really due: brought forward where its date lies past the interview.

    Such items spread over the last days before it, each to its own, rather than pile up on one.
    """
    left = _days_left(plan, now)
    if left is None or due < now + max(1, left - 1) * DAY:
        return due
    spread = max(1, min(EVE_SPREAD_DAYS, left // 3))
    early = _number(item) % spread
    return min(due, _utc(now) + max(1, left - 1 - early) * DAY)


def rating_of_answer(correct: bool, score: float) -> int:
    """The rating suggested for an answer that a machine graded."""
    if correct:
        return GOOD
    return HARD if score >= 0.75 else AGAIN


def rating_of_drill(*, passed: bool, failures: int, hints: int) -> int:
    """The rating of a drill: given up is again; passed with failures or hints is hard."""
    if not passed:
        return AGAIN
    return HARD if failures > 1 or hints else GOOD


def queue(cards: Iterable[Card], now: datetime, plan: Plan, done_today: int = 0) -> list[Card]:
    """What to review now, most at risk first, within what is left of the daily budget.

    Cards in their short steps (failed or new today) always come: they are part of a review that
    has begun. Neighbours of the same topic are kept apart where that is possible.
    """
    due = [card for card in cards if is_due(card, now, plan)]
    short = [card for card in due if in_short_steps(card)]
    long = sorted(
        (card for card in due if not in_short_steps(card)),
        key=lambda card: (recall(card, now), card.item.id),
    )
    room = max(0, plan.daily_budget - done_today)
    return interleave([*sorted(short, key=lambda card: card.due), *long[:room]])


def is_due(card: Card, now: datetime, plan: Plan) -> bool:
    """Whether an item should be reviewed by now. One seen today is not pulled forward."""
    now = _utc(now)
    if card.due <= now:
        return True
    seen = card.last_review
    fresh = seen is not None and now - seen < DAY
    return not fresh and due_before_interview(card.item, card.due, seen or now, plan) <= now


def in_short_steps(card: Card) -> bool:
    """Whether a card is being learnt or relearnt in steps of minutes."""
    return card.item.kind == "question" and _load(card.state).state != fsrs.State.Review


def interleave(cards: list[Card]) -> list[Card]:
    """The same cards, with neighbours of different topics where the order allows it."""
    waiting = list(cards)
    ordered: list[Card] = []
    while waiting:
        last = ordered[-1].item.topic if ordered else None
        place = next((i for i, card in enumerate(waiting) if card.item.topic != last), 0)
        ordered.append(waiting.pop(place))
    return ordered


@functools.cache
def _scheduler(kind: ItemKind, retention: float, longest: int) -> fsrs.Scheduler:
    """A question returns after minutes while it is learnt; redoing a drill takes another day."""
    learning = (MINUTE, 10 * MINUTE) if kind == "question" else (DAY, 3 * DAY)
    relearning = (10 * MINUTE,) if kind == "question" else (DAY,)
    return fsrs.Scheduler(
        desired_retention=retention,
        learning_steps=learning,
        relearning_steps=relearning,
        maximum_interval=longest,
        enable_fuzzing=False,  # a preview must be what then happens
    )


@functools.lru_cache(maxsize=4096)
def _load(state: str) -> fsrs.Card:
    """Cards of `fsrs` are never changed here: the scheduler copies before it edits."""
    try:
        return fsrs.Card.from_json(state)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not the state of a card: {state[:80]!r}") from error


def _fuzzed(card: Card, interval: timedelta) -> timedelta:
    """A long interval moved by a few days, so that what was learnt together spreads out.

    The same share of the width for every rating, by a hash of the state: previews hold and stay
    in order. The widths are those of FSRS: 15 % up to 7 days, 10 % up to 20, 5 % beyond.
    """
    days = interval / DAY
    if days < 3:
        return interval
    width = 0.15 * min(days, 7) + 0.1 * max(0.0, min(days, 20) - 7) + 0.05 * max(0.0, days - 20)
    share = zlib.crc32(f"{card.item.id}:{card.state}".encode()) / 2**31 - 1
    return round(days + share * width) * DAY


def _days_left(plan: Plan, now: datetime) -> int | None:
    """Days until the interview, at least 1; None without one ahead."""
    if plan.interview is None or plan.interview <= now.date():
        return None
    return (plan.interview - now.date()).days


def _number(item: Item) -> int:
    return zlib.crc32(f"{item.kind}:{item.id}".encode())


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)
