"""One attempt to run a job on a resident process: pipes, deadline, limits, and how it ended.

The judge's side of a child. Everything that comes out of the pipes is hostile: it is counted,
capped and never trusted, and the deadline holds until the child is gone, whatever it has sent.
"""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from verifiers import wire
from verifiers.channels import Channels, open_channels, read_some, readable
from verifiers.outcome import Job, Outcome, OutcomeKind
from verifiers.printed import clean
from verifiers.resident import Resident, ResidentLost
from verifiers.watchdog import Watchdog

# How long we wait, on a busy machine, before we give a resident process up for lost.
FORK_SECONDS = 30.0  # for a child
PREPARE_SECONDS = 120.0  # for a child that has to be prepared
GONE_SECONDS = 20.0  # for a killed child to be gone
LOOK_SECONDS = 0.02  # between two looks at a child's memory
FORGED = "it wrote to the pipe that carries its results"


@dataclass
class Attempt:
    """The state of one running job as the judge sees it."""

    job: Job
    channels: Channels
    nonce: bytes
    on_frame: Callable[[bytes], None]
    watch_memory: bool = False  # where no limit on address space can hold
    begun: bool = False  # the child is locked down and runs its entry
    began: float = field(default_factory=time.monotonic)  # since when the clock runs
    paused: float = 0.0  # seconds spent in on_frame, which are not the child's
    frames: list[bytes] = field(default_factory=list)
    printed: bytearray = field(default_factory=bytearray)
    ending: int | None = None  # kind of the last frame, once it came with the nonce
    exited: wire.Exited | None = None
    verdict: tuple[OutcomeKind, str] | None = None  # why the judge killed it
    pidfd: int = -1
    pid: int = 0
    cpu_before: float = 0.0
    watchdog: Watchdog | None = None

    def __post_init__(self) -> None:
        self.reader = wire.FrameReader(self.job.frame_bytes)

    def run(self) -> Outcome:
        try:
            self._wait_for_start()
            self._supervise()
        except BaseException:
            self._signal()
            raise
        finally:
            if self.pidfd >= 0:
                os.close(self.pidfd)
        return self._outcome()

    def _wait_for_start(self) -> None:
        patience = PREPARE_SECONDS if self.watch_memory else FORK_SECONDS
        if not readable(self.channels.status.fileno(), patience):
            raise ResidentLost("it took no job")
        data, fds, _, _ = socket.recv_fds(self.channels.status, wire.STATUS_BYTES, 1)
        if len(data) < wire.STATUS_BYTES:
            raise ResidentLost("it died before it forked")
        started = wire.unpack_status(data)
        assert isinstance(started, wire.Started)
        self.pid = started.pid
        self.pidfd = fds[0] if fds else -1
        self.cpu_before = started.cpu
        if self.watch_memory and fds:
            self.watchdog = Watchdog(self.pidfd, self.job.memory_mib * 2**20)
        self.began = time.monotonic()

    def _supervise(self) -> None:
        poll = select.poll()
        for fd in (self.channels.frames, self.channels.printing, self.channels.status.fileno()):
            poll.register(fd, select.POLLIN)
        patience: float | None = None  # when a killed child must be gone
        while self.exited is None:
            until = self._deadline if patience is None else patience
            if self.watchdog:
                until = min(until, time.monotonic() + LOOK_SECONDS)
            ready = poll.poll(max(0.0, until - time.monotonic()) * 1000)
            for fd, _ in ready:
                self._receive(fd, poll)
            if patience is not None and not ready and time.monotonic() > patience:
                raise ResidentLost("a killed child was never reaped")
            if self.exited is None and self.verdict is None:
                self._check_limits()
            if self.verdict is not None and patience is None and self.exited is None:
                self._signal()
                patience = time.monotonic() + GONE_SECONDS
        self._drain()

    def _check_limits(self) -> None:
        if time.monotonic() > self._deadline:
            if not self.begun:
                raise ResidentLost("a child was never locked down")
            limit = f"{self.job.time_limit:g}"
            self.verdict = ("time_limit", f"still running after {limit} seconds")
        elif self.watchdog and self.watchdog.exceeded():
            self.verdict = ("memory_limit", self._too_much_memory)

    @property
    def _too_much_memory(self) -> str:
        return f"needed more than {self.job.memory_mib} MiB"

    @property
    def _deadline(self) -> float:
        return self.began + (self.job.time_limit + self.paused if self.begun else FORK_SECONDS)

    def _receive(self, fd: int, poll: select.poll) -> None:
        if fd == self.channels.status.fileno():
            self.exited = self._exit_report()
            return
        data = read_some(fd)
        if data == b"":
            poll.unregister(fd)
        elif data and fd == self.channels.printing:
            self._take_printed(data)
        elif data:
            self._take_frames(data)

    def _exit_report(self) -> wire.Exited:
        data = self.channels.status.recv(wire.STATUS_BYTES)
        if len(data) < wire.STATUS_BYTES:
            raise ResidentLost("it died while a child ran")
        report = wire.unpack_status(data)
        assert isinstance(report, wire.Exited)
        return report

    def _drain(self) -> None:
        """Read what still lies in the pipes of a child that is gone."""
        for fd in (self.channels.frames, self.channels.printing):
            take = self._take_printed if fd == self.channels.printing else self._take_frames
            while chunk := read_some(fd):
                take(chunk)

    def _take_printed(self, data: bytes) -> None:
        room = self.job.output_bytes - len(self.printed)
        self.printed += data[: max(0, room)]
        if len(data) > room and self.verdict is None:
            self.verdict = ("output_limit", f"printed more than {self.job.output_bytes} bytes")

    def _take_frames(self, data: bytes) -> None:
        if self.ending is not None or self.verdict is not None:
            return
        for kind, body in self.reader.feed(data):
            if kind != wire.DATA:
                self._mark(kind, body)
                if self.ending is not None or self.verdict is not None:
                    return
                continue
            if len(self.frames) == self.job.max_frames:
                self.verdict = ("output_limit", f"returned more than {len(self.frames)} results")
                return
            self.frames.append(body)
            self._tell(body)
        if self.reader.too_much:
            limit = self.job.frame_bytes
            self.verdict = ("output_limit", f"returned more than {limit} bytes of results")
        elif self.reader.damaged:
            self.verdict = ("crashed", FORGED)

    def _mark(self, kind: int, nonce: bytes) -> None:
        """A frame of the child's own: it begins, or it has come to its end."""
        if nonce != self.nonce or (kind == wire.BEGUN) == self.begun:
            self.verdict = ("crashed", FORGED)
        elif kind == wire.BEGUN:
            self.begun, self.began = True, time.monotonic()
        else:
            self.ending = kind

    def _tell(self, body: bytes) -> None:
        before = time.monotonic()
        self.on_frame(body)
        self.paused += time.monotonic() - before

    def _signal(self) -> None:
        with contextlib.suppress(OSError):
            if self.pidfd >= 0:
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            elif self.pid > 0:
                os.killpg(self.pid, signal.SIGKILL)

    def _outcome(self) -> Outcome:
        assert self.exited is not None
        kind, detail = self.verdict or self._judge_exit(self.exited)
        wall_ms = (time.monotonic() - self.began - self.paused) * 1000
        printed = clean(bytes(self.printed))
        cpu_ms = max(0.0, self.exited.cpu - self.cpu_before) * 1000
        return Outcome(kind, tuple(self.frames), printed, wall_ms, detail, cpu_ms)

    def _judge_exit(self, exited: wire.Exited) -> tuple[OutcomeKind, str]:
        code = os.waitstatus_to_exitcode(exited.status)
        if not self.begun:
            why = clean(bytes(self.printed)).strip().rpartition("\n")[2]
            return "judge_error", f"the sandbox could not lock a child down: {why}"
        if self.ending == wire.OUT_OF_MEMORY:
            return "memory_limit", self._too_much_memory
        if self.ending == wire.RETURNED and code == 0:
            return "done", ""
        if code < 0:
            return self._judge_signal(-code, exited.cpu - self.cpu_before)
        if self.ending == wire.RAISED:
            return "crashed", "an exception ended it; see what it printed"
        if code == 0:
            return "crashed", "exited with status 0 before its code returned"
        return "crashed", f"exited with status {code}"

    def _judge_signal(self, number: int, cpu: float) -> tuple[OutcomeKind, str]:
        # The kernel counts by ticks, and so may kill a little before what it reports at the end.
        if number == signal.SIGKILL and cpu >= 0.95 * self.job.time_limit:
            return "time_limit", f"used {cpu:.1f} seconds of CPU time"
        if number == signal.SIGSYS:
            return "crashed", (
                "killed for a call that the sandbox forbids, or by a fatal signal that it sent "
                "itself, as os.abort() does"
            )
        tail = bytes(self.printed[-4096:])
        if any(word in tail for word in (b"bad_alloc", b"MemoryError", b"annot allocate memory")):
            return "memory_limit", self._too_much_memory
        return "crashed", f"killed by {_name(number)}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def attempt(resident: Resident, job: Job, on_frame: Callable[[bytes], None]) -> Outcome:
    """Run a job once. Raises ResidentLost when the resident process, not the job, failed."""
    nonce = secrets.token_bytes(wire.NONCE_BYTES)
    memory = job.memory_mib * 2**20
    space = resident.baseline + memory if resident.baseline else 0
    header = wire.JobHeader(nonce, math.ceil(job.time_limit), space, memory)
    with open_channels(job.payload) as channels:
        resident.submit(header, channels.outgoing)
        channels.close_outgoing()
        return Attempt(job, channels, nonce, on_frame, watch_memory=not space).run()
