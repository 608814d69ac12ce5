"""What the learner did, kept for good: the one way in and out of the progress database.

Writing appends a line to this writer's own spool file and returns once it is on disk, so that it
neither waits for another program nor loses anything to `kill -9`. Reading first moves what is in
the spool, everybody's, into the database; so a reader sees all that was acknowledged before.
The app, the command line and a batch grader may do both at once, from any number of threads and
processes. No SQL leaves this package.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID, uuid4

from app.store import queries, transfer
from app.store.codec import to_line
from app.store.database import LOCK_TIMEOUT, Connection, Database
from app.store.drain import SpoolFile, clean_up, insert, read_spool
from app.store.errors import StoreError
from app.store.home import data_folder
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
from app.store.spool import SpoolWriter
from app.store.summaries import (
    Day,
    DrillState,
    ImportSummary,
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
        self._database = Database(home, timeout=timeout)
        self._writer = SpoolWriter(home / "spool")
        self._drained: dict[Path, int] = {}
        self._copied: dict[Path, SpoolFile] = {}
        self._connection: Connection | None = None
        self._mutex = threading.RLock()
        self._last = datetime(1970, 1, 1, tzinfo=UTC)
        self._stamps = threading.Lock()

    @classmethod
    def open(
        cls,
        home: Path | str | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        zone: tzinfo | None = None,
        timeout: float = LOCK_TIMEOUT,
    ) -> Store:
        """The store in `home` (by default WHETSTONE_HOME or the user's data folder).

        Touches nothing on disk: folders and files are made by the first write or read.
        """
        return cls(data_folder(home), now=now, zone=zone, timeout=timeout)

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
        """Let go of everything. What is still in the spool is safe; the next reader moves it."""
        self._writer.close()
        self._database.close()

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
        return self._add(
            Attempt(
                id=submission_id or uuid4(),
                happened_at=started_at or self._stamp(),
                drill=verdict.drill,
                verdict=verdict.verdict,
                seed=verdict.seed,
                device=verdict.device,
                wall_ms=verdict.wall_ms,
                source=text,
                checks=verdict.checks,
                diagnosis=verdict.diagnosis,
                printed=verdict.printed,
                message=verdict.message,
            )
        )

    def attempts(
        self, drill: str | None = None, limit: int | None = 50, offset: int = 0
    ) -> list[Attempt]:
        """Attempts with their source, the newest first; of one drill or of all."""
        tail = "WHERE drill = coalesce(?, drill) ORDER BY happened_at DESC, id LIMIT ? OFFSET ?"
        with self.reading() as connection:
            return queries.select(connection, Attempt, tail, drill, limit, offset)

    def attempt(self, submission_id: UUID) -> Attempt | None:
        with self.reading() as connection:
            found = queries.select(connection, Attempt, "WHERE id = ?", submission_id)
        return found[0] if found else None

    def drill_states(self, drills: Iterable[str] = ()) -> dict[str, DrillState]:
        """Where the learner stands: every drill in `drills`, and every one with a record."""
        with self.reading() as connection:
            return queries.drill_states(connection, drills)

    def record_event(self, kind: str, subject: str = "", payload: Any = None) -> Event:
        """Record `gave_up` or `hint_shown` (subject: the drill), `lesson_read`, … with JSON."""
        return self._add(
            Event(kind=kind, subject=subject, payload=payload, happened_at=self._stamp())
        )

    def events(self, kind: str, subject: str | None = None) -> list[Event]:
        """Events of one kind, the oldest first."""
        tail = "WHERE kind = ? AND subject = coalesce(?, subject) ORDER BY happened_at, id"
        with self.reading() as connection:
            return queries.select(connection, Event, tail, kind, subject)

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
                happened_at=self._stamp(),
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
        with self.reading() as connection:
            return queries.select(connection, Answer, tail, question, limit)

    def question_states(self) -> dict[str, QuestionState]:
        """How every answered question went, by question."""
        with self.reading() as connection:
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
                happened_at=reviewed_at or self._stamp(),
            )
        )

    def review_cards(self, due_by: datetime | None = None) -> list[ReviewCard]:
        """The latest card of every reviewed item (due by then), the most overdue first."""
        with self.reading() as connection:
            return queries.review_cards(connection, due_by)

    def reviews(self, item_kind: ItemKind | None = None, item: str | None = None) -> list[Review]:
        """Reviews, the oldest first: the history that the scheduler's optimiser wants."""
        tail = (
            "WHERE item_kind = coalesce(?, item_kind) AND item = coalesce(?, item) "
            "ORDER BY happened_at, id"
        )
        with self.reading() as connection:
            return queries.select(connection, Review, tail, item_kind, item)

    # Skills, interviews, settings

    def record_self_assessment(self, skill: str, level: int) -> SelfAssessment:
        """Record what the learner says of a skill: 0 none, 1 recall, 2 apply, 3 build, 4 teach."""
        before = self.self_assessments().get(skill)
        at = self._stamp(after=before)
        return self._add(SelfAssessment(skill=skill, level=level, happened_at=at))

    def self_assessments(self) -> dict[str, SelfAssessment]:
        """The latest self-assessment of every assessed skill, by skill."""
        with self.reading() as connection:
            found = queries.latest(connection, SelfAssessment, "skill")
        return {record.skill: record for record in found}

    def record_interview(self, kind: str, seconds: float, payload: Any) -> Interview:
        return self._add(
            Interview(kind=kind, seconds=seconds, payload=payload, happened_at=self._stamp())
        )

    def interviews(self, limit: int | None = 50) -> list[Interview]:
        """Mock interviews, the newest first."""
        with self.reading() as connection:
            tail = "ORDER BY happened_at DESC, id LIMIT ?"
            return queries.select(connection, Interview, tail, limit)

    def setting(self, key: str, default: Any = None) -> Any:
        """The value a setting was last given, or `default`."""
        return self.settings().get(key, default)

    def settings(self) -> dict[str, Any]:
        """The values of all settings ever changed."""
        return {key: setting.value for key, setting in self._settings().items()}

    def set_setting(self, key: str, value: Any) -> None:
        at = self._stamp(after=self._settings().get(key))
        self._add(Setting(key=key, value=value, happened_at=at))

    # The calendar

    def calendar(self, days: int) -> list[Day]:
        """The last `days` local days, today last, empty ones included."""
        today = self._today()
        first = today - timedelta(days=days - 1)
        with self.reading() as connection:
            since = self._now() - timedelta(days=days + 1)
            active = queries.active_days(connection, self._zone, since)
        found = {day.date: day for day in active}
        dates = [first + timedelta(days=index) for index in range(days)]
        return [found.get(date, Day(date)) for date in dates]

    def streak(self) -> Streak:
        """Days in a row with an attempt or an answer: now, and the longest so far."""
        with self.reading() as connection:
            active = queries.active_days(connection, self._zone, None)
        return queries.streak((day.date for day in active), self._today())

    # Moving house

    def export(self, path: Path | str) -> int:
        """Write everything recorded to one JSON-lines file; the number of records.

        Never over a file that is not itself an export.
        """
        with self.reading() as connection:
            return transfer.export(connection, Path(path), self._now())

    def import_(self, path: Path | str) -> ImportSummary:
        """Add what an export holds. Everything is checked before anything is written."""
        records = transfer.read_export(Path(path))
        with self.reading() as connection:
            added = insert(connection, records)
        return ImportSummary(added, len(records) - added)

    # How it works

    def problem(self) -> StoreError | None:
        """What keeps the progress from being read, or None where all is well."""
        try:
            with self.reading():
                return None
        except StoreError as error:
            return error

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """One session for several reads in a row: they share a lock and one state of affairs.

        Calls may nest. Keep it short: no other program can read while it lasts.
        """
        with self._mutex:
            if self._connection is not None:
                self._drain(self._connection)
                yield self._connection
                return
            try:
                with self._database.session() as self._connection:
                    self._drain(self._connection)
                    yield self._connection
                clean_up(self._copied, self._writer, self._drained)  # only after the commit
            finally:
                self._connection, self._copied = None, {}

    def _drain(self, connection: Connection) -> None:
        """Copy what the spool gained since this session, or this store, last looked."""
        sizes = {path: file.size for path, file in self._copied.items()}
        files = read_spool(self.home / "spool", self._drained | sizes)
        insert(connection, (record for file in files for record in file.records))
        self._copied |= {file.path: file for file in files}

    def _add(self, record: R) -> R:
        self._writer.append([to_line(record)])
        return record

    def _stamp(self, after: Record | None = None) -> datetime:
        """The time now, but later than this store's last and than `after`, so that order holds
        even where the clock was set back."""
        with self._stamps:
            earliest = max(self._last, after.happened_at if after else self._last)
            self._last = max(self._now().astimezone(UTC), earliest + timedelta(microseconds=1))
            return self._last

    def _settings(self) -> dict[str, Setting]:
        with self.reading() as connection:
            return {record.key: record for record in queries.latest(connection, Setting, "key")}

    def _today(self) -> date:
        return self._now().astimezone(self._zone).date()
