"""What is read back: summaries of the records, one frozen dataclass each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from app.store.records import ItemKind
from verifiers.verdict import Kind

State = Literal["new", "tried", "passed"]


@dataclass(frozen=True)
class DrillState:
    """Where the learner stands with one drill.

    `unaided` is true when a pass did not come within 20 hours after giving up and seeing the
    reference: such a pass shows that they can type it, not that they know it.
    """

    drill: str
    attempts: int = 0
    passes: int = 0
    unaided: bool = False
    hints_shown: int = 0
    gave_up: bool = False
    first_passed_at: datetime | None = None
    last_at: datetime | None = None
    last_verdict: Kind | None = None

    @property
    def state(self) -> State:
        if self.passes:
            return "passed"
        return "tried" if self.attempts else "new"


@dataclass(frozen=True)
class QuestionState:
    """How one question was answered so far. The times are those of correct answers."""

    question: str
    answers: int
    correct: int
    last_correct: bool | None
    last_at: datetime
    first_correct_at: datetime | None
    last_correct_at: datetime | None


@dataclass(frozen=True)
class Day:
    """What was done on one local day."""

    date: date
    attempts: int = 0
    passes: int = 0
    answers: int = 0

    @property
    def active(self) -> bool:
        return bool(self.attempts or self.answers)


@dataclass(frozen=True)
class Streak:
    """Days in a row with an attempt or an answer.

    `current` still counts while today is empty but yesterday was not.
    """

    current: int
    longest: int
    active_today: bool


@dataclass(frozen=True)
class ReviewCard:
    """The latest card of one item, and how often it was reviewed."""

    item_kind: ItemKind
    item: str
    card: str
    due: datetime
    reviews: int
    last_rating: int
    last_at: datetime


@dataclass(frozen=True)
class ImportSummary:
    """What an import did: rows added, and rows that were there already."""

    added: int
    known: int


@dataclass(frozen=True)
class Inventory:
    """What the data folder holds. `size` in bytes, of the database file.

    `set_aside` counts spool files with lines that could not be read; they were kept as they are.
    """

    path: Path
    size: int
    schema: int
    records: dict[str, int]
    set_aside: int
