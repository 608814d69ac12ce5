"""Local days: the calendar and the streak follow the learner's clock, changes of it included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from app.store import Day, Store, Streak
from app.store.days import streak, utc_offsets
from verifiers.verdict import Verdict

BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = timezone(timedelta(hours=5, minutes=45))
PASSED = Verdict("rope", "passed", 1, "cpu", 1.0)
FAILED = Verdict("rope", "failed", 1, "cpu", 1.0)


def store_at(now: datetime, zone=UTC) -> Store:
    return Store.open(now=lambda: now, zone=zone)


def test_the_calendar_ends_today_and_holds_the_empty_days_too():
    with store_at(datetime(2026, 3, 10, 12, tzinfo=UTC)) as store:
        store.record_attempt(FAILED, "", started_at=datetime(2026, 3, 8, 9, tzinfo=UTC))
        store.record_attempt(PASSED, "", started_at=datetime(2026, 3, 8, 23, 59, tzinfo=UTC))
        store.record_answer("q", 1, kind="choice", correct=True)
        store.record_attempt(PASSED, "", started_at=datetime(2026, 3, 7, tzinfo=UTC))
        assert store.calendar(3) == [
            Day(date(2026, 3, 8), attempts=2, passes=1),
            Day(date(2026, 3, 9)),
            Day(date(2026, 3, 10), answers=1),
        ]
        assert store.streak() == Streak(current=1, longest=2, active_today=True)


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        (BERLIN, datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),
        (BERLIN, datetime(2026, 3, 28, 23, 1, tzinfo=UTC), date(2026, 3, 29)),
        (BERLIN, datetime(2026, 3, 29, 21, 59, tzinfo=UTC), date(2026, 3, 29)),  # summer time now
        (BERLIN, datetime(2026, 3, 29, 22, 1, tzinfo=UTC), date(2026, 3, 30)),
        (KATHMANDU, datetime(2026, 3, 29, 18, 14, tzinfo=UTC), date(2026, 3, 29)),
        (KATHMANDU, datetime(2026, 3, 29, 18, 16, tzinfo=UTC), date(2026, 3, 30)),
    ],
)
def test_a_day_begins_at_the_learners_midnight(zone, moment: datetime, day: date):
    with store_at(datetime(2026, 4, 1, tzinfo=UTC), zone) as store:
        store.record_attempt(FAILED, "", started_at=datetime(2025, 12, 24, tzinfo=UTC))
        store.record_attempt(PASSED, "", started_at=moment)
        assert [found.date for found in store.calendar(10) if found.active] == [day]


def test_offsets_change_at_the_second_the_clocks_do():
    first, last = datetime(2026, 1, 1, 7, 30, 1, 5, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert utc_offsets(BERLIN, first, last) == [
        (first, hour),
        (datetime(2026, 3, 29, 1, tzinfo=UTC), 2 * hour),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), hour),
    ]


TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        ([], Streak(0, 0, False)),
        ([0], Streak(1, 1, True)),
        ([1], Streak(1, 1, False)),  # today is not over yet
        ([2], Streak(0, 1, False)),
        ([1, 2, 3], Streak(3, 3, False)),
        ([0, 2, 3, 4], Streak(1, 3, True)),
        ([5, 6, 0, 1, 1], Streak(2, 2, True)),
    ],
)
def test_streaks(ago: list[int], expected: Streak):
    assert streak((TODAY - timedelta(days=days) for days in ago), TODAY) == expected


def test_an_empty_store_has_an_empty_calendar_and_no_streak():
    with store_at(datetime(2026, 3, 10, tzinfo=UTC)) as store:
        assert [day.active for day in store.calendar(2)] == [False, False]
        assert store.streak() == Streak(0, 0, False)
