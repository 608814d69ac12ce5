"""Where submissions wait for their verdict, outside any run of a page.

A page may be rerun, left or reloaded while a submission is judged; the desk keeps the ticket and
records the verdict all the same. It also sees to it that a double click is judged once: a session
has one judgement of a drill under way, and a known submission id always gets the same ticket.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID

from verifiers.spec import DrillSpec
from verifiers.verdict import CheckResult, Verdict

KEEP_TICKETS = 200
REPEAT_SECONDS = 1.0  # the same code again within this time is a second click, not a second try

TicketKind = Literal["submit", "run"]
Status = Literal["cold", "starting", "ready"]
_log = logging.getLogger(__name__)


class JudgeLike(Protocol):
    """What the desk needs of `verifiers.service.JudgeService`."""

    @property
    def ready(self) -> bool: ...

    def warm_up(self) -> None: ...

    def judge(
        self,
        spec: DrillSpec,
        source: str | bytes,
        *,
        on_check: Callable[[CheckResult], None] | None = None,
    ) -> Verdict: ...

    def run_example(self, spec: DrillSpec, source: str | bytes) -> Verdict: ...

    def close(self) -> None: ...


@dataclass(eq=False)
class Ticket:
    """One submission, or one run of the worked example, and what is known of it so far."""

    id: UUID
    session: str
    spec: DrillSpec
    source: str
    kind: TicketKind
    verdict: Verdict | None = None
    problem: str = ""  # why the verdict could not be recorded, for the learner
    finished_at: float = 0.0  # time.monotonic()
    _checks: list[CheckResult] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)

    @property
    def running(self) -> bool:
        return not self._done.is_set()

    @property
    def checks(self) -> tuple[CheckResult, ...]:
        """The checks that have answered: all of the verdict's once there is one."""
        return self.verdict.checks if self.verdict else tuple(self._checks)

    def wait(self, seconds: float) -> bool:
        """Wait at most that long; whether the verdict is there."""
        return self._done.wait(seconds)


class Desk:
    """Takes submissions, hands them to one judge, keeps the tickets and records the verdicts."""

    def __init__(self, judge: JudgeLike, record: Callable[[Ticket, Verdict], None]) -> None:
        self._judge = judge
        self._record = record
        self._lock = threading.Lock()
        self._tickets: OrderedDict[UUID, Ticket] = OrderedDict()
        self._asked = False

    @property
    def status(self) -> Status:
        """Whether the judge answers at once, is on its way, or was not needed yet."""
        if self._judge.ready:
            return "ready"
        return "starting" if self._asked else "cold"

    def warm_up(self) -> None:
        """Start the judge in the background, once."""
        with self._lock:
            if self._asked:
                return
            self._asked = True
        self._judge.warm_up()

    def take(
        self, session: str, spec: DrillSpec, source: str, kind: TicketKind, action_id: UUID
    ) -> Ticket:
        """The ticket of this request: a new one, or the one it repeats."""
        with self._lock:
            if (repeated := self._repeated(session, spec, source, kind, action_id)) is not None:
                return repeated
            self._asked = True
            ticket = Ticket(action_id, session, spec, source, kind)
            self._tickets[action_id] = ticket
            while len(self._tickets) > KEEP_TICKETS:
                self._tickets.popitem(last=False)
        threading.Thread(target=self._work, args=(ticket,), name="judge", daemon=True).start()
        return ticket

    def latest(self, session: str, drill_id: str) -> Ticket | None:
        """The newest ticket of this session for this drill."""
        with self._lock:
            mine = (
                ticket
                for ticket in reversed(self._tickets.values())
                if ticket.session == session and ticket.spec.id == drill_id
            )
            return next(mine, None)

    def close(self) -> None:
        self._judge.close()

    def _repeated(
        self, session: str, spec: DrillSpec, source: str, kind: TicketKind, action_id: UUID
    ) -> Ticket | None:
        if action_id in self._tickets:
            return self._tickets[action_id]
        for ticket in reversed(self._tickets.values()):
            if (ticket.session, ticket.spec.id) != (session, spec.id):
                continue
            same = (ticket.source, ticket.kind) == (source, kind)
            just_now = time.monotonic() - ticket.finished_at < REPEAT_SECONDS
            if ticket.running or (same and just_now):
                return ticket
        return None

    def _work(self, ticket: Ticket) -> None:
        try:
            verdict = self._verdict(ticket)
            ticket._checks[:] = verdict.checks
            if ticket.kind == "submit" and verdict.verdict != "judge_error":
                ticket.problem = self._recorded(ticket, verdict)
            ticket.verdict = verdict
        finally:
            ticket.finished_at = time.monotonic()
            ticket._done.set()

    def _verdict(self, ticket: Ticket) -> Verdict:
        try:
            if ticket.kind == "run":
                return self._judge.run_example(ticket.spec, ticket.source)
            return self._judge.judge(ticket.spec, ticket.source, on_check=ticket._checks.append)
        except Exception as error:  # ours, whatever it is: the learner gets a verdict that says so
            _log.exception("the judge failed")
            return Verdict(
                drill=ticket.spec.id,
                verdict="judge_error",
                seed=0,
                device="cpu",
                wall_ms=0.0,
                message=f"{type(error).__name__}: {error}",
            )

    def _recorded(self, ticket: Ticket, verdict: Verdict) -> str:
        try:
            self._record(ticket, verdict)
        except Exception as error:
            _log.exception("a verdict could not be recorded")
            return str(error)
        return ""
