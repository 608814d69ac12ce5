"""A resident process whose children are prepared before their job comes, one job each.

For CUDA: a context takes a second to make and does not survive a fork, so every child makes its
own, ahead of time. While one child works the next is being prepared.
"""

from __future__ import annotations

import socket
from collections import deque
from dataclasses import dataclass

from verifiers import child, wire
from verifiers.zygote import Zygote, end

PATIENCE = 3  # children that may fail to prepare in a row before we give up


@dataclass
class Prepared:
    """A child that has no job yet. `cpu` is None while it prepares."""

    pid: int
    channel: socket.socket
    cpu: float | None = None


class Nursery(Zygote):
    """Keeps `size` children prepared or preparing."""

    def __init__(
        self, control: socket.socket, recipe: child.Recipe, uid_base: int, size: int
    ) -> None:
        super().__init__(control, recipe, uid_base)
        self._idle: deque[Prepared] = deque()
        self._waiting: deque[tuple[wire.JobHeader, child.Descriptors]] = deque()
        self._all: dict[int, Prepared] = {}  # by pid, those without a job
        self._failures = 0
        for _ in range(size):
            self._spawn()

    def wait_for_the_first(self) -> None:
        """Return when a child is ready. RuntimeError when none can be prepared."""
        while not self._idle and not self.closed:
            self.step()

    def take(self, header: wire.JobHeader, fds: child.Descriptors) -> None:
        self._waiting.append((header, fds))
        self._match()

    def end_all(self) -> None:
        super().end_all()
        for pid in self._all:
            end(pid)

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        uid = self.next_user()
        pid = self.fork()
        if pid == 0:
            child.main_prepared(theirs.fileno(), self.recipe, uid)  # never returns
        theirs.close()
        prepared = self._all[pid] = Prepared(pid, ours)
        self.watch(ours.fileno(), lambda: self._heard(prepared))

    def _heard(self, prepared: Prepared) -> None:
        """A child is ready, or it died waiting."""
        try:
            message = prepared.channel.recv(child.READY.size)
        except OSError:
            message = b""
        if len(message) == child.READY.size and prepared.cpu is None:
            (prepared.cpu,) = child.READY.unpack(message)
            self._failures = 0
            self._idle.append(prepared)
            self._match()
            return
        self._drop(prepared)
        if prepared.cpu is None:
            self._failures += 1
        if self._failures >= PATIENCE:
            raise RuntimeError("children cannot be prepared; the reason is printed above")
        self._spawn()

    def _drop(self, prepared: Prepared) -> None:
        self.unwatch(prepared.channel.fileno())
        prepared.channel.close()
        del self._all[prepared.pid]
        if prepared in self._idle:
            self._idle.remove(prepared)

    def _match(self) -> None:
        """Hand waiting jobs to idle children, and start the next ones preparing."""
        while self._waiting and self._idle:
            prepared = self._idle[0]
            header, fds = self._waiting[0]
            numbers = [fds.payload, fds.frames, fds.printing, fds.status]
            try:
                socket.send_fds(prepared.channel, [header.pack()], numbers)
            except OSError:  # it died; its channel will say so, and another takes its place
                self._idle.popleft()
                continue
            self._waiting.popleft()
            self._drop(prepared)
            self.started(prepared.pid, fds, prepared.cpu or 0.0)
            self._spawn()
