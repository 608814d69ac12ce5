"""The questions the app asks of the database, as SQL. Each function takes an open connection."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from app.store.codec import columns
from app.store.database import Connection
from app.store.records import RECORDS, Record
from app.store.summaries import DrillState, QuestionState, ReviewCard

R = TypeVar("R", bound=Record)
AIDED = timedelta(hours=20)  # a pass this soon after seeing the reference proves little


def select(connection: Connection, table: type[R], tail: str = "", *values: Any) -> list[R]:
    """Whole records. `tail` is what follows FROM: WHERE, ORDER BY, LIMIT."""
    names = columns(table)
    cursor = connection.execute(
        f"SELECT {', '.join(names)} FROM {table.TABLE} {tail}", list(values)
    )
    return [table(**_fields(table, row)) for row in cursor.fetchall()]


def latest(connection: Connection, table: type[R], key: str) -> list[R]:
    """The last record of each value of the column `key`, in the order of that column."""
    newest = f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY happened_at DESC, id) = 1"
    return select(connection, table, f"{newest} ORDER BY {key}")


def counts(connection: Connection) -> dict[str, int]:
    """The number of rows of every table of records."""
    tables = [record.TABLE for record in RECORDS]
    rows = connection.execute(
        " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)
    ).fetchall()
    return dict(rows)


def drill_states(connection: Connection, drills: Iterable[str]) -> dict[str, DrillState]:
    """The state of every drill in `drills` and of every drill that has a record."""
    states = {drill: DrillState(drill) for drill in drills}
    rows = connection.execute(_DRILL_STATES, [AIDED]).fetchall()
    for drill, attempts, passes, unaided, hints, gave_up, first, last, verdict in rows:
        states[drill] = DrillState(
            drill, attempts, passes, unaided, hints, gave_up, _utc(first), _utc(last), verdict
        )
    return states


def question_states(connection: Connection) -> dict[str, QuestionState]:
    rows = connection.execute(_QUESTION_STATES).fetchall()
    return {
        question: QuestionState(question, answers, correct, last, _at(at), _utc(first), _utc(right))
        for question, answers, correct, last, at, first, right in rows
    }


def review_cards(connection: Connection, due_by: datetime | None) -> list[ReviewCard]:
    """The latest card of every item, the most overdue first."""
    rows = connection.execute(_REVIEW_CARDS).fetchall()
    cards = [
        ReviewCard(item_kind, item, card, _at(due), reviews, rating, _at(last))
        for item_kind, item, card, due, reviews, rating, last in rows
    ]
    return [card for card in cards if due_by is None or card.due <= due_by]


def _at(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC)


def _utc(time: datetime | None) -> datetime | None:
    return None if time is None else _at(time)


def _fields(table: type[Record], row: tuple[Any, ...]) -> dict[str, Any]:
    """The fields of a record from a row of its table, in the order of its columns."""
    fields: dict[str, Any] = {}
    for (name, column), value in zip(columns(table).items(), row, strict=True):
        if column.sql == "TIMESTAMP":
            fields[name] = _at(value)
        elif column.sql == "JSON" and value is not None:
            fields[name] = column.from_json(json.loads(value))
        else:
            fields[name] = value
    return fields


_DRILL_STATES = """
WITH given_up AS (SELECT subject AS drill, happened_at FROM events WHERE kind = 'gave_up'),
tries AS (
    SELECT drill, count(*) AS attempts, count(*) FILTER (verdict = 'passed') AS passes,
        min(happened_at) FILTER (verdict = 'passed') AS first_passed_at,
        max(happened_at) AS last_at, arg_max(verdict, happened_at) AS last_verdict
    FROM attempts GROUP BY drill
),
unaided AS (
    SELECT DISTINCT drill FROM attempts AS a WHERE verdict = 'passed' AND NOT EXISTS (
        FROM given_up AS g WHERE g.drill = a.drill
            AND g.happened_at BETWEEN a.happened_at - ? AND a.happened_at)
),
seen AS (
    SELECT subject AS drill, count(*) FILTER (kind = 'hint_shown') AS hints,
        bool_or(kind = 'gave_up') AS gave_up
    FROM events WHERE kind IN ('hint_shown', 'gave_up') GROUP BY subject
)
SELECT drill, coalesce(attempts, 0), coalesce(passes, 0), unaided.drill IS NOT NULL,
    coalesce(hints, 0), coalesce(gave_up, false), first_passed_at, last_at, last_verdict
FROM tries FULL JOIN seen USING (drill) LEFT JOIN unaided USING (drill) ORDER BY drill
"""

_QUESTION_STATES = """
SELECT question, count(*), count(*) FILTER (correct),
    arg_max_null(correct, happened_at), max(happened_at),
    min(happened_at) FILTER (correct), max(happened_at) FILTER (correct)
FROM answers GROUP BY question ORDER BY question
"""

_REVIEW_CARDS = """
SELECT item_kind, item, arg_max(card, happened_at), arg_max(due, happened_at) AS next_due,
    count(*), arg_max(rating, happened_at), max(happened_at)
FROM reviews GROUP BY item_kind, item ORDER BY next_due, item_kind, item
"""
