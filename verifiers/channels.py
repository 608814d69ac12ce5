"""The pipes and the socket between the judge and one child, and the file with its payload."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

CHUNK = 2**18


@dataclass
class Channels:
    """The judge's ends of a job's pipes, and the child's ends until they are sent."""

    frames: int
    printing: int
    status: socket.socket
    outgoing: list[int]

    def close_outgoing(self) -> None:
        while self.outgoing:
            os.close(self.outgoing.pop())

    def close(self) -> None:
        self.close_outgoing()
        os.close(self.frames)
        os.close(self.printing)
        self.status.close()


@contextlib.contextmanager
def open_channels(payload: bytes) -> Iterator[Channels]:
    frames, frames_in = _pipe()
    printing, printing_in = _pipe()
    status, status_in = socket.socketpair()
    outgoing = [_payload_file(payload), frames_in, printing_in, status_in.detach()]
    channels = Channels(frames, printing, status, outgoing)
    try:
        yield channels
    finally:
        channels.close()


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):  # beyond what an ordinary user may have in all
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, CHUNK)
    return reading, writing


def _payload_file(payload: bytes) -> int:
    """A file without a name that holds the payload; sealed where the system can."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("payload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        _write_all(fd, payload)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        return fd
    with tempfile.TemporaryFile() as file:
        fd = os.dup(file.fileno())
    _write_all(fd, payload)
    return fd


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def readable(fd: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def read_some(fd: int) -> bytes | None:
    """Some bytes, b"" at the end of the stream, None when there is nothing to read now."""
    try:
        return os.read(fd, CHUNK)
    except BlockingIOError:
        return None
