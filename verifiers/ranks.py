"""Simulate a distributed program: one thread per rank, tensors passed by `send` and `recv`.

`send` copies and never blocks; `recv` names the rank it wants to hear from and waits. So what each
rank computes does not depend on how the threads take turns (Kahn, 1974), and a run can be repeated.
A run in which no rank can move any more ends at once with `DeadlockError` in every rank.
"""

from __future__ import annotations

import contextlib
import ctypes
import operator
import os
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Send = Callable[[int, Tensor], None]
Receive = Callable[[int], Tensor]
Program = Callable[[int, Send, Receive], Any]

_libc = ctypes.CDLL(None)
PATIENCE = 2.0  # seconds without a message, where threads that are no rank's may still send one
MOMENT = 0.02  # seconds between two looks at whether they are still there


class DeadlockError(RuntimeError):
    """Every rank waits for a message, and none is on its way."""


class SilentDeadlockError(DeadlockError):
    """The same, and nobody has sent anything yet."""


@dataclass(frozen=True)
class Message:
    """What one `send` carried: from, to, and how much."""

    source: int
    destination: int
    n_bytes: int


@dataclass(frozen=True)
class Run:
    """What came of a program: by rank, what it returned and what it raised; and every message."""

    returned: tuple[Any, ...]
    errors: tuple[BaseException | None, ...]
    messages: tuple[Message, ...]

    @property
    def error(self) -> BaseException | None:
        """The error that explains a failed run: the first that is no mere deadlock, else that."""
        found = [error for error in self.errors if error is not None]
        causes = [error for error in found if not isinstance(error, DeadlockError)]
        return next(iter(causes + found), None)


def run_ranks(world_size: int, program: Program) -> Run:
    """Run `program(rank, send, recv)` on every rank at the same time, to the end of the last.

    What a rank raises is recorded, not raised, except that SystemExit passes on.
    """
    network = _Network(world_size)
    returned: list[Any] = [None] * world_size
    errors: list[BaseException | None] = [None] * world_size

    def work(rank: int) -> None:
        def send(dst: int, tensor: Tensor) -> None:
            network.send(rank, dst, tensor)

        def recv(src: int) -> Tensor:
            return network.receive(rank, src)

        try:
            returned[rank] = program(rank, send, recv)
        except BaseException as error:
            errors[rank] = error
        finally:
            network.leave(rank)

    network.start(work)
    for error in errors:
        if isinstance(error, SystemExit):
            raise error
    return Run(tuple(returned), tuple(errors), tuple(network.messages))


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """Keep the threads started here on the core that we are on.

    Python runs one of them at a time; passing the turn to another core takes thrice as long.
    """
    if sys.platform != "linux":
        yield
        return
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {_libc.sched_getcpu()})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)


class _Network:
    """The mail between ranks. All state is guarded by one lock; each rank has its own signal."""

    def __init__(self, world_size: int) -> None:
        self.world_size = world_size
        self.messages: list[Message] = []
        self.failure: DeadlockError | None = None
        self._boxes: dict[tuple[int, int], deque[Tensor]] = defaultdict(deque)
        self._running = set(range(world_size))
        self._waiting: dict[int, int] = {}  # rank → the rank it wants to hear from
        self._lock = threading.Lock()
        self._arrived = [threading.Condition(self._lock) for _ in range(world_size)]
        self._known_threads = frozenset(threading.enumerate())
        self._stuck_since: float | None = None

    def start(self, work: Callable[[int], None]) -> None:
        """Run `work(rank)` on a thread for each rank and wait for all."""
        threads = [
            threading.Thread(target=work, args=(rank,), name=f"rank {rank}", daemon=True)
            for rank in range(self.world_size)
        ]
        self._known_threads |= frozenset(threads)
        with _one_core():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def send(self, source: int, destination: int, tensor: Tensor) -> None:
        destination = self._checked(destination, "send")
        if not isinstance(tensor, Tensor):
            raise TypeError(f"send takes a tensor, not a value of type {type(tensor).__name__}")
        copy = tensor.detach().clone(memory_format=torch.contiguous_format)
        with self._lock:
            self._stop_if_failed()
            self._stuck_since = None
            self.messages.append(Message(source, destination, copy.nbytes))
            self._boxes[source, destination].append(copy)
            self._arrived[destination].notify_all()

    def receive(self, rank: int, source: int) -> Tensor:
        source = self._checked(source, "recv")
        with self._lock:
            box = self._boxes[source, rank]
            while not box:
                self._stop_if_failed()
                self._waiting[rank] = source
                self._wait(rank)
            self._waiting.pop(rank, None)
            return box.popleft()

    def leave(self, rank: int) -> None:
        """A rank has come to its end; those that wait for it may wait for ever."""
        with self._lock:
            self._running.discard(rank)
            self._waiting.pop(rank, None)
            if self._running and self._stuck() and not self._helpers():
                self._give_up()

    def _checked(self, rank: int, call: str) -> int:
        number = operator.index(rank)
        if not 0 <= number < self.world_size:
            raise ValueError(f"{call}: there is no rank {number} among {self.world_size} ranks")
        return number

    def _wait(self, rank: int) -> None:
        """Wait a moment for news, or find that there can be none."""
        if not self._stuck():
            self._stuck_since = None
        elif self._overdue() or not self._helpers():
            self._give_up()
            return
        self._arrived[rank].wait(MOMENT)

    def _overdue(self) -> bool:
        self._stuck_since = self._stuck_since or time.monotonic()
        return time.monotonic() - self._stuck_since > PATIENCE

    def _stuck(self) -> bool:
        """Whether every rank that still runs waits for a message that has not been sent."""
        return all(
            rank in self._waiting and not self._boxes[self._waiting[rank], rank]
            for rank in self._running
        )

    def _helpers(self) -> bool:
        """Whether threads have started that may be the program's own and send for its ranks."""
        return any(thread not in self._known_threads for thread in threading.enumerate())

    def _give_up(self) -> None:
        if self.failure is not None:
            return
        waits = ", ".join(f"rank {r} waits for rank {s}" for r, s in sorted(self._waiting.items()))
        kind = DeadlockError if self.messages else SilentDeadlockError
        before = "" if self.messages else "; nothing has been sent yet"
        self.failure = kind(f"nobody can go on: {waits}{before}")
        for signal in self._arrived:
            signal.notify_all()

    def _stop_if_failed(self) -> None:
        if self.failure is not None:
            raise type(self.failure)(str(self.failure))
