"""One rank's two lanes, computing and communicating, and what a step on them comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.network.costs import CollectiveCost
from topics.phrases import say

Lane = Literal["compute", "communication"]


@dataclass(frozen=True)
class Work:
    """A stretch of work on one lane of one rank, in seconds from the start of the step."""

    rank: int
    lane: Lane
    name: str
    start: float
    end: float


@dataclass(frozen=True)
class StepResult:
    """A training step on one rank of a group (the busiest where ranks differ).

    `bytes_sent` is by collective, bytes that the rank sends in the step; `bytes_by_rank` gives the
    sum for every rank where they differ. `memory` is bytes per rank by what they hold.
    """

    step_time: float
    compute_time: float
    communication_time: float
    bytes_sent: Mapping[str, float]
    memory: Mapping[str, float]
    timeline: tuple[Work, ...]
    notes: tuple[str, ...] = ()
    bytes_by_rank: tuple[float, ...] = ()

    @property
    def exposed_time(self) -> float:
        """Time in which the rank waits for communication (or for a slower rank)."""
        return max(0.0, self.step_time - self.compute_time)

    @property
    def idle_over_ideal(self) -> float:
        return self.exposed_time / self.compute_time if self.compute_time else 0.0

    @property
    def idle_over_wall(self) -> float:
        return self.exposed_time / self.step_time if self.step_time else 0.0

    @property
    def total_bytes_sent(self) -> float:
        return sum(self.bytes_sent.values())

    @property
    def peak_memory(self) -> float:
        return sum(self.memory.values())


@dataclass
class Streams:
    """Lays work on the two lanes in the order it is issued; work starts when its lane is free.

    With `overlap` off a collective waits for the computing before it and holds up what comes after.
    """

    overlap: bool = True
    rank: int = 0
    compute_free: float = 0.0
    communication_free: float = 0.0
    work: list[Work] = field(default_factory=list)
    bytes_sent: dict[str, float] = field(default_factory=dict)

    def compute(self, name: str, seconds: float, after: float = 0.0) -> Work:
        start = max(self.compute_free, after)
        self.compute_free = start + seconds
        return self._add("compute", name, start, self.compute_free)

    def communicate(self, name: str, cost: CollectiveCost, after: float = 0.0) -> Work:
        return self.send(name, cost.op, cost.seconds, cost.bytes_sent, after)

    def send(self, name: str, op: str, seconds: float, n_bytes: float, after: float) -> Work:
        """Communication of `n_bytes` from this rank that takes `seconds`, counted under `op`."""
        start = max(self.communication_free, after)
        if not self.overlap:
            start = max(start, self.compute_free)
        self.communication_free = start + seconds
        if not self.overlap:
            self.compute_free = self.communication_free
        self.bytes_sent[op] = self.bytes_sent.get(op, 0.0) + n_bytes
        return self._add("communication", name, start, self.communication_free)

    def join(self) -> float:
        """Lets each lane wait for the other, as before an optimiser step."""
        self.compute_free = self.communication_free = max(
            self.compute_free, self.communication_free
        )
        return self.compute_free

    def result(
        self, memory: Mapping[str, float] | None = None, notes: tuple[str, ...] = ()
    ) -> StepResult:
        lengths = {"compute": 0.0, "communication": 0.0}
        for work in self.work:
            lengths[work.lane] += work.end - work.start
        return StepResult(
            self.join(),
            lengths["compute"],
            lengths["communication"],
            dict(self.bytes_sent),
            dict(memory or {}),
            tuple(self.work),
            notes,
        )

    def _add(self, lane: Lane, name: str, start: float, end: float) -> Work:
        work = Work(self.rank, lane, name, start, end)
        self.work.append(work)
        return work


def must_divide(what: str, number: int, by_what: str, divisor: int) -> None:
    """Raises SettingError, naming the neighbours that would do, where `divisor` does not divide."""
    if divisor < 1:
        raise SettingError(f"{by_what} is {divisor}: give 1 or more.")
    if number % divisor == 0:
        return
    below, above = number // divisor * divisor, (number // divisor + 1) * divisor
    fitting = [str(d) for d in range(1, min(number, 4096) + 1) if number % d == 0]
    near = say("{below} or {above}", below=below, above=above) if below else str(above)
    raise SettingError(
        say(
            "{number} {what} cannot be shared by {by_what} {divisor}. Use {near} {what}, or one of "
            "these for {by_what}: {fitting}.",
            number=number,
            what=say(what),
            by_what=say(by_what),
            divisor=divisor,
            near=near,
            fitting=", ".join(fitting[:24]),
        )
    )


def must_fit(what: str, count: float, most: int) -> None:
    """Raises SettingError where so many pieces of work would take minutes to lay out."""
    if count > most:
        raise SettingError(
            say(
                "{what}: {count:,.0f} of them are too many to simulate one by one; use at most "
                "{most:,}.",
                what=say(what),
                count=count,
                most=most,
            )
        )


def must_be_positive(**numbers: float) -> None:
    """Raises SettingError for the first that is not a finite number above zero."""
    for name, number in numbers.items():
        if not 0 < number < float("inf"):
            raise SettingError(f"{name} is {number:g}; give a number above zero.")


def must_not_be_negative(**numbers: float) -> None:
    """Raises SettingError for the first that is negative or not finite."""
    for name, number in numbers.items():
        if not 0 <= number < float("inf"):
            raise SettingError(f"{name} is {number:g}; give zero or more.")
