"""Local days: what was done on each, and how many in a row.

Times are stored in UTC; a day begins at the learner's midnight. The zone's offsets over the
recorded time are worked out here once and joined in the database, which then adds up whole days.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

from app.store.database import Connection
from app.store.summaries import Day, Streak

_DAY = timedelta(days=1)


def active_days(connection: Connection, zone: tzinfo | None) -> list[Day]:
    """The local days with an attempt or an answer, in order. `zone` None is the machine's."""
    first, last = connection.execute(f"SELECT min(t), max(t) FROM ({_PRACTICE})").fetchall()[0]
    if first is None:
        return []
    offsets = utc_offsets(zone, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
    starts = [start.replace(tzinfo=None) for start, _ in offsets]
    rows = connection.execute(_DAYS, [starts, [offset for _, offset in offsets]]).fetchall()
    return [
        Day(day, int(tried), int(passed), int(answered)) for day, tried, passed, answered in rows
    ]


def utc_offsets(
    zone: tzinfo | None, first: datetime, last: datetime
) -> list[tuple[datetime, timedelta]]:
    """From when (UTC) which offset holds, from `first` to `last`: one entry per clock change."""
    offsets = [(first, _offset(zone, first))]
    while first < last:
        following = first + _DAY
        if _offset(zone, following) != offsets[-1][1]:
            change = _change(zone, first, following)
            offsets.append((change, _offset(zone, change)))
        first = following
    return offsets


def streak(days: Iterable[date], today: date) -> Streak:
    """The current and the longest run of consecutive days, from the days that were active."""
    runs: dict[date, int] = {}
    for day in sorted(set(days)):
        runs[day] = runs.get(day - _DAY, 0) + 1
    current = runs.get(today) or runs.get(today - _DAY, 0)
    return Streak(current, max(runs.values(), default=0), today in runs)


def _offset(zone: tzinfo | None, time: datetime) -> timedelta:
    return time.astimezone(zone).utcoffset() or timedelta()


def _change(zone: tzinfo | None, before: datetime, after: datetime) -> datetime:
    """The first second with the offset of `after`, by halving."""
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if _offset(zone, middle) == _offset(zone, before):
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


_PRACTICE = """
SELECT happened_at AS t, 1 AS tried, (verdict = 'passed')::INT AS passed, 0 AS answered
FROM attempts
UNION ALL SELECT happened_at, 0, 0, 1 FROM answers
"""

_DAYS = f"""
SELECT (t + shift)::DATE AS day, sum(tried), sum(passed), sum(answered)
FROM ({_PRACTICE}) ASOF JOIN (SELECT unnest(?) AS since, unnest(?) AS shift) ON t >= since
GROUP BY day ORDER BY day
"""
