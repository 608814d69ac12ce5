"""The forked child: lock down, run the entry on the payload, prove that it returned.

The last frame carries the job's nonce. A submission that ends the process early (`os._exit(0)`)
leaves no such frame and is reported as crashed. Code in this process could find the nonce and
forge the frame; it would gain nothing, for what the frames say is judged outside.
"""

from __future__ import annotations

import errno
import os
import random
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from verifiers import lockdown, wire
from verifiers.syscalls import for_process

Entry = Callable[[bytes, Callable[[bytes], None]], None]


@dataclass(frozen=True)
class Confinement:
    """What this machine lets a child do: its own namespaces, and the system-call filter."""

    namespaces: bool
    seccomp: bytes = b""


@dataclass(frozen=True)
class Descriptors:
    """What came with a job: the payload to read, two pipes to write, the status socket."""

    payload: int
    frames: int
    printing: int
    status: int


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that the memory limit was met: Python's, or an allocator's."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "out of memory" in text or "bad_alloc" in text
    )


def reseed() -> None:
    """Give each child its own random numbers; a fork inherits the state of its parent's."""
    seed = int.from_bytes(os.urandom(4), "little")
    random.seed(seed)
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        numpy.random.seed(seed)
    if torch is not None:
        torch.default_generator.manual_seed(seed)


def lock_down(
    header: wire.JobHeader, fds: Descriptors, confinement: Confinement
) -> tuple[int, int]:
    """Give up every right a submission must not have. Returns the payload and the frame pipe."""
    lockdown.own_session()
    stdin = os.open(os.devnull, os.O_RDONLY)
    payload, frames = lockdown.keep_only(stdin, fds.printing, fds.payload, fds.frames)
    if confinement.namespaces:
        lockdown.private_scratch()
    lockdown.limit_resources(header.cpu_seconds, header.address_space)
    if confinement.namespaces:
        lockdown.limit_threads(header.uid)
        lockdown.drop_privileges(header.uid)
    if sys.platform == "linux":
        lockdown.refuse_new_privileges()
        if confinement.seccomp:
            lockdown.filter_system_calls(for_process(confinement.seccomp, os.getpid()))
    return payload, frames


def read_all(fd: int) -> bytes:
    os.lseek(fd, 0, os.SEEK_SET)
    with open(fd, "rb") as file:
        return file.read()


def run_entry(entry: Entry, payload: bytes, frames: int) -> int:
    """Call the entry and say how it went: the kind of the last frame."""
    try:
        entry(payload, lambda body: wire.write_frame(frames, wire.DATA, body))
    except BaseException as error:
        if ran_out_of_memory(error):
            return wire.OUT_OF_MEMORY
        traceback.print_exc()
        return wire.RAISED
    return wire.RETURNED


def flush_printing() -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()


def main(header: wire.JobHeader, fds: Descriptors, entry: Entry, confinement: Confinement) -> None:
    """Never returns. Exit status 0 and the last frame mean that the entry came to its end."""
    status = 1
    try:
        payload_fd, frames = lock_down(header, fds, confinement)
        reseed()
        kind = run_entry(entry, read_all(payload_fd), frames)
        flush_printing()
        wire.write_frame(frames, kind, header.nonce)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
