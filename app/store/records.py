"""What is recorded: one frozen dataclass per kind of record, each a row of one table.

Records are only ever added. Each has an `id`, so that writing it twice keeps one, and
`happened_at` in UTC. `app/store/codec.py` turns them into JSON lines and back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID, uuid4

from verifiers.verdict import CheckResult, Diagnosis, Kind, Verdict

ItemKind = Literal["question", "drill"]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What every record has."""

    TABLE: ClassVar[str]

    id: UUID = field(default_factory=uuid4)
    happened_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True)
class Attempt(Record):
    """One submission to a drill and what the judge said. `id` is the submission's id."""

    TABLE: ClassVar[str] = "attempts"

    drill: str
    verdict: Kind
    seed: int
    device: str
    wall_ms: float
    source: str
    checks: tuple[CheckResult, ...] = ()
    diagnosis: Diagnosis | None = None
    printed: str = ""
    message: str = ""

    def __post_init__(self) -> None:
        if self.verdict == "judge_error":
            raise ValueError("a fault of the judge is not an attempt of the learner")

    @classmethod
    def of(cls, verdict: Verdict, source: str, id: UUID, happened_at: datetime) -> Attempt:
        """The attempt that led to this verdict."""
        fields = {name: getattr(verdict, name) for name in Verdict.__dataclass_fields__}
        return cls(source=source, id=id, happened_at=happened_at, **fields)

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"


@dataclass(frozen=True, kw_only=True)
class Event(Record):
    """Something the learner did: `gave_up` on a drill, `hint_shown`, `lesson_read`, …

    `subject` is the id of the drill, lesson or page it concerns.
    """

    TABLE: ClassVar[str] = "events"

    kind: str
    subject: str = ""
    payload: Any = None


@dataclass(frozen=True, kw_only=True)
class Answer(Record):
    """One answer to a question. `correct` is None where only a score, or nothing, was given.

    `given` is the answer as JSON, `score` lies in 0..1, `params_seed` is the seed of a
    parametrised question's numbers, `took_ms` the thinking time in milliseconds.
    """

    TABLE: ClassVar[str] = "answers"

    question: str
    kind: str
    given: Any
    correct: bool | None
    score: float | None = None
    params_seed: int | None = None
    took_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class Review(Record):
    """One review of a question or drill: the rating (1 again … 4 easy) and the card after it.

    `card` is the scheduler's state as JSON text (`fsrs.Card.to_json`), `due` the next review, UTC.
    """

    TABLE: ClassVar[str] = "reviews"

    item_kind: ItemKind
    item: str
    rating: int
    card: str
    due: datetime

    def __post_init__(self) -> None:
        if self.rating not in (1, 2, 3, 4):
            raise ValueError(f"rating {self.rating!r} is not 1 (again), 2, 3 or 4 (easy)")


@dataclass(frozen=True, kw_only=True)
class SelfAssessment(Record):
    """How well the learner says they know a skill.

    Levels: 0 none, 1 recall, 2 apply, 3 build, 4 debug and teach.
    """

    TABLE: ClassVar[str] = "self_assessments"

    skill: str
    level: int

    def __post_init__(self) -> None:
        if self.level not in (0, 1, 2, 3, 4):
            raise ValueError(f"level {self.level!r} is not between 0 and 4")


@dataclass(frozen=True, kw_only=True)
class Setting(Record):
    """A changed setting; the latest change of a key holds."""

    TABLE: ClassVar[str] = "settings"

    key: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Interview(Record):
    """A finished mock interview: which kind, how long it took (seconds), what happened in it."""

    TABLE: ClassVar[str] = "interviews"

    kind: str
    seconds: float
    payload: Any


RECORDS: tuple[type[Record], ...] = (
    Attempt,
    Event,
    Answer,
    Review,
    SelfAssessment,
    Setting,
    Interview,
)
