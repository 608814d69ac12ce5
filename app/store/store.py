"""What the learner did, kept for good: the one way in and out of the progress database.

The app, the command line and a batch grader may all use it at once, from any number of threads and
processes; how that works is told in `app/store/journal.py`. No SQL leaves this package.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID, uuid4

from app.store import queries, transfer
from app.store.database import LOCK_TIMEOUT, schema_version
from app.store.days import active_days, streak
from app.store.drain import insert
from app.store.errors import StoreError
from app.store.home import data_folder
from app.store.journal import Journal
from app.store.records import (
    Answer,
    Attempt,
    Event,
    Interview,
    ItemKind,
    Record,
    Review,
    SelfAssessment,
    Setting,
    utc_now,
)
from app.store.summaries import (
    Day,
    DrillState,
    ImportSummary,
    Inventory,
    QuestionState,
    ReviewCard,
    Streak,
)
from verifiers.verdict import Verdict

R = TypeVar("R", bound=Record)


class Store:
    """The progress in one data folder. `Store.open()`; use as a context manager or `close()`.

    Times are UTC inside; `zone` decides where a day begins for `calendar` and `streak` (None is
    the machine's own zone). Every method may raise a StoreError, whose message is for the learner.
    """

    def __init__(
        self,
        home: Path,
        *,
        now: Callable[[], datetime] = utc_now,
        zone: tzinfo | None = None,
        timeout: float = LOCK_TIMEOUT,
    ) -> None:
        self.home = home
        self._now = now
        self._zone = zone
        self._journal = Journal(home, now, timeout)

    @classmethod
    def open(cls, home: Path | str | None = None, **options: Any) -> Store:
        """The store in `home` (by default WHETSTONE_HOME or the user's data folder).

        Touches nothing on disk: folders and files are made by the first write or read.
        """
        return cls(data_folder(home), **options)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files. What was recorded is safe."""
        self._journal.close()

    # Attempts, hints, giving up

    def record_attempt(
        self,
        verdict: Verdict,
        source: str | bytes,
        *,
        submission_id: UUID | None = None,
        started_at: datetime | None = None,
    ) -> Attempt | None:
        """Record one submission. With the same `submission_id` twice, one is kept.

        A fault of the judge (`judge_error`) is not recorded: the answer is None.
        """
        if verdict.verdict == "judge_error":
            return None
        text = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
        attempt = Attempt.of(
            verdict, text, submission_id or uuid4(), started_at or self._journal.stamp()
        )
        return self._add(attempt)

    def attempts(
        self, drill: str | None = None, limit: int | None = 50, offset: int = 0
    ) -> list[Attempt]:
        """Attempts with their source, the newest first; of one drill or of all."""
        tail = "WHERE drill = coalesce(?, drill) ORDER BY happened_at DESC, id LIMIT ? OFFSET ?"
        return self._select(Attempt, tail, drill, limit, offset)

    def attempt(self, submission_id: UUID) -> Attempt | None:
        found = self._select(Attempt, "WHERE id = ?", submission_id)
        return found[0] if found else None

    def drill_states(self, drills: Iterable[str] = ()) -> dict[str, DrillState]:
        """Where the learner stands: every drill in `drills`, and every one with a record."""
        with self._journal.reading() as connection:
            return queries.drill_states(connection, drills)

    def record_event(self, kind: str, subject: str = "", payload: Any = None) -> Event:
        """Record `gave_up` or `hint_shown` (subject: the drill), `lesson_read`, … with JSON."""
        return self._add(
            Event(kind=kind, subject=subject, payload=payload, happened_at=self._journal.stamp())
        )

    def events(self, kind: str, subject: str | None = None) -> list[Event]:
        """Events of one kind, the oldest first."""
        tail = "WHERE kind = ? AND subject = coalesce(?, subject) ORDER BY happened_at, id"
        return self._select(Event, tail, kind, subject)

    def gave_up_lately(self, drill: str) -> bool:
        """Whether the reference was opened so recently that a pass would be no evidence."""
        given_up = self.events("gave_up", drill)
        return bool(given_up) and self._now() - given_up[-1].happened_at <= queries.AIDED

    # Questions and reviews

    def record_answer(
        self,
        question: str,
        given: Any,
        *,
        kind: str,
        correct: bool | None,
        score: float | None = None,
        params_seed: int | None = None,
        took_ms: float | None = None,
        answer_id: UUID | None = None,
    ) -> Answer:
        """Record an answer (`given` is JSON). With the same `answer_id` twice, one is kept."""
        return self._add(
            Answer(
                id=answer_id or uuid4(),
                happened_at=self._journal.stamp(),
                question=question,
                kind=kind,
                given=given,
                correct=correct,
                score=score,
                params_seed=params_seed,
                took_ms=took_ms,
            )
        )

    def answers(self, question: str | None = None, limit: int | None = 50) -> list[Answer]:
        """Answers, the newest first; to one question or to all."""
        tail = "WHERE question = coalesce(?, question) ORDER BY happened_at DESC, id LIMIT ?"
        return self._select(Answer, tail, question, limit)

    def question_states(self) -> dict[str, QuestionState]:
        """How every answered question went, by question."""
        with self._journal.reading() as connection:
            return queries.question_states(connection)

    def record_review(
        self,
        item_kind: ItemKind,
        item: str,
        rating: int,
        card: str,
        due: datetime,
        *,
        reviewed_at: datetime | None = None,
    ) -> Review:
        """Record a review: rating 1 (again) … 4 (easy), the card after it as JSON, when next."""
        return self._add(
            Review(
                item_kind=item_kind,
                item=item,
                rating=rating,
                card=card,
                due=due,
                happened_at=reviewed_at or self._journal.stamp(),
            )
        )

    def review_cards(self, due_by: datetime | None = None) -> list[ReviewCard]:
        """The latest card of every reviewed item (due by then), the most overdue first."""
        with self._journal.reading() as connection:
            return queries.review_cards(connection, due_by)

    def reviews(self, item_kind: ItemKind | None = None, item: str | None = None) -> list[Review]:
        """Reviews, the oldest first: the history that the scheduler's optimiser wants."""
        tail = (
            "WHERE item_kind = coalesce(?, item_kind) AND item = coalesce(?, item) "
            "ORDER BY happened_at, id"
        )
        return self._select(Review, tail, item_kind, item)

    # Skills, interviews, settings

    def record_self_assessment(self, skill: str, level: int) -> SelfAssessment:
        """Record what the learner says of a skill: 0 none, 1 recall, 2 apply, 3 build, 4 teach."""
        before = self.self_assessments().get(skill)
        at = self._journal.stamp(after=before)
        return self._add(SelfAssessment(skill=skill, level=level, happened_at=at))

    def self_assessments(self) -> dict[str, SelfAssessment]:
        """The latest self-assessment of every assessed skill, by skill."""
        with self._journal.reading() as connection:
            found = queries.latest(connection, SelfAssessment, "skill")
        return {record.skill: record for record in found}

    def record_interview(self, kind: str, seconds: float, payload: Any) -> Interview:
        return self._add(
            Interview(
                kind=kind, seconds=seconds, payload=payload, happened_at=self._journal.stamp()
            )
        )

    def interviews(self, limit: int | None = 50) -> list[Interview]:
        """Mock interviews, the newest first."""
        return self._select(Interview, "ORDER BY happened_at DESC, id LIMIT ?", limit)

    def setting(self, key: str, default: Any = None) -> Any:
        """The value a setting was last given, or `default`."""
        return self.settings().get(key, default)

    def settings(self) -> dict[str, Any]:
        """The values of all settings ever changed."""
        return {key: setting.value for key, setting in self._settings().items()}

    def set_setting(self, key: str, value: Any) -> None:
        at = self._journal.stamp(after=self._settings().get(key))
        self._add(Setting(key=key, value=value, happened_at=at))

    # The calendar

    def calendar(self, days: int) -> list[Day]:
        """The last `days` local days, today last, empty ones included."""
        today = self._now().astimezone(self._zone).date()
        with self._journal.reading() as connection:
            active = active_days(connection, self._zone)
        found = {day.date: day for day in active}
        dates = [today - timedelta(days=ago) for ago in reversed(range(days))]
        return [found.get(date, Day(date)) for date in dates]

    def streak(self) -> Streak:
        """Days in a row with an attempt or an answer: now, and the longest so far."""
        with self._journal.reading() as connection:
            active = active_days(connection, self._zone)
        return streak((day.date for day in active), self._now().astimezone(self._zone).date())

    # Moving house

    def export(self, path: Path | str) -> int:
        """Write everything recorded to one JSON-lines file; the number of records.

        Never over a file that is not itself an export.
        """
        target = self._outside(path)
        transfer.check_target(target)
        with self._journal.reading() as connection:
            return transfer.export(connection, target, self._now())

    def import_(self, path: Path | str) -> ImportSummary:
        """Add what an export holds. Everything is checked before anything is written."""
        records = transfer.read_export(self._outside(path))
        with self._journal.reading() as connection:
            added = insert(connection, records)
        return ImportSummary(added, len(records) - added)

    def _outside(self, path: Path | str) -> Path:
        """A path that is not the database: opening that here would drop DuckDB's lock on it."""
        if Path(path).resolve() == self._journal.path.resolve():
            raise StoreError(f"{path} is the database itself; give another file")
        return Path(path)

    # How it works

    def inventory(self) -> Inventory:
        """What the data folder holds. Raises the StoreError that keeps it from being read."""
        with self._journal.reading() as connection:
            records = queries.counts(connection)
            schema = schema_version(connection, self._journal.path)
        path = self._journal.path  # its size may be asked for; only opening it is dangerous
        set_aside = len(list((self.home / "spool").glob("*.damaged")))
        return Inventory(path, path.stat().st_size, schema, records, set_aside)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Make several reads in a row share one session: quicker, and one state of affairs.

        Keep it short: no other program can read while it lasts.
        """
        with self._journal.reading():
            yield

    def _add(self, record: R) -> R:
        self._journal.append(record)
        return record

    def _select(self, table: type[R], tail: str, *values: Any) -> list[R]:
        with self._journal.reading() as connection:
            return queries.select(connection, table, tail, *values)

    def _settings(self) -> dict[str, Setting]:
        with self._journal.reading() as connection:
            return {record.key: record for record in queries.latest(connection, Setting, "key")}
