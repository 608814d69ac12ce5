"""Data for the plots of reviews: recall measured, recall to expect, and work ahead."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from question_bank.scheduler import (
    AGAIN,
    DAY,
    GOOD,
    Card,
    Item,
    Plan,
    due_before_interview,
    in_short_steps,
    rate,
    recall,
)

MAX_REVIEWS_A_DAY = 6  # of one card in a forecast; its short steps count


@dataclass(frozen=True)
class Reviewed:
    """One past review of an item: when, and how it was rated."""

    item: Item
    at: datetime
    rating: int


@dataclass(frozen=True)
class Week:
    """Reviews of one week (from its Monday) that were not the item's first, and those recalled."""

    monday: date
    reviews: int
    recalled: int

    @property
    def retention(self) -> float:
        return self.recalled / self.reviews


@dataclass(frozen=True)
class DayAhead:
    """A day in the future: reviews expected, and the mean recall if nothing is reviewed."""

    day: date
    reviews: int
    recall: float | None


def measured_retention(reviews: Iterable[Reviewed]) -> list[Week]:
    """Per week the share rated 2 or better, counting each item at most once a day.

    The first review of an item says nothing about memory, and repeats within a day little.
    """
    seen: dict[Item, date] = {}
    counts: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for review in sorted(reviews, key=lambda review: review.at):
        day, last = review.at.date(), seen.get(review.item)
        seen[review.item] = day
        if last is None or last == day:
            continue
        week = counts[day - timedelta(days=day.weekday())]
        week[0] += 1
        week[1] += review.rating > AGAIN
    return [Week(monday, *count) for monday, count in sorted(counts.items())]


def forecast(cards: Sequence[Card], now: datetime, plan: Plan, days: int = 30) -> list[DayAhead]:
    """The coming days, today first: how much work, and how memory would fade without it.

    Work is simulated: each card is reviewed when due and recalled with the chance the model
    gives it, decided by a fixed hash, so that the same state draws the same plot.
    """
    load = [0] * days
    for card in cards:
        for day, count in _simulate(card, now, plan, days).items():
            load[day] += count
    known = [card for card in cards if card.last_review is not None]
    ahead = []
    for day in range(days):
        then = now + day * DAY
        mean = sum(recall(card, then) for card in known) / len(known) if known else None
        ahead.append(DayAhead(then.date(), load[day], mean))
    return ahead


def _simulate(card: Card, now: datetime, plan: Plan, days: int) -> dict[int, int]:
    """Reviews of one card by day from now, as if each were done when due."""
    counts: dict[int, int] = defaultdict(int)
    end = now + days * DAY
    for turn in range(days * MAX_REVIEWS_A_DAY):
        due = max(now, due_before_interview(card.item, card.due, card.last_review or now, plan))
        if due >= end:
            break
        day = min((due - now).days, days - 1)
        counts[day] += 1
        draw = zlib.crc32(f"{card.item.id}:{turn}".encode()) / 2**32
        learning = in_short_steps(card) or card.last_review is None
        rating = GOOD if learning or draw < recall(card, due) else AGAIN
        card = rate(card, rating, due, plan)
    return counts
