"""The forked child: lock down, run the entry on the payload, prove that it returned.

The last frame carries the job's nonce. A submission that ends the process early (`os._exit(0)`)
leaves no such frame and is reported as crashed. Code in this process could find the nonce and
forge the frame; it would gain nothing, for what the frames say is judged outside.

A *cold* child is forked for its job. A *prepared* child is forked ahead, runs a hook (for CUDA:
make a context, which must not exist before a fork) and waits for its one job.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import random
import resource
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from verifiers import lockdown, wire
from verifiers.syscalls import for_process

Entry = Callable[[bytes, Callable[[bytes], None]], None]
BeforeJob = Callable[[int], None]  # called with the bytes the job may use
Prepare = Callable[[], BeforeJob]
FRAMES_SHOWN = 8  # of the traceback of what ended an entry; a deep one would fill the output
READY = struct.Struct("<d")  # a prepared child is ready; the CPU seconds it has used


@dataclass(frozen=True)
class Recipe:
    """How children are made: what they run, and what this machine lets them give up."""

    entry: Entry
    namespaces: bool
    seccomp: bytes = b""
    prepare: Prepare | None = None
    proc: bool = False  # CUDA needs a /proc


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
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)


# Locking down


def give_up_rights(recipe: Recipe, uid: int) -> None:
    """Own namespaces, no capabilities, another user. Nothing here can be taken back."""
    if recipe.namespaces:
        lockdown.private_scratch(recipe.proc)
        lockdown.limit_threads(uid)
        lockdown.drop_privileges(uid)


def seal(recipe: Recipe) -> None:
    """The last step: from here on system calls are filtered."""
    if sys.platform != "linux":
        return
    lockdown.refuse_new_privileges()
    if recipe.seccomp:
        lockdown.filter_system_calls(for_process(recipe.seccomp, os.getpid()))


# Running a job


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
        traceback.print_exc(limit=-FRAMES_SHOWN)
        return wire.RAISED
    return wire.RETURNED


def flush_printing() -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            with contextlib.suppress(ValueError):  # the submission closed it
                stream.flush()


def finish(header: wire.JobHeader, recipe: Recipe, payload: int, frames: int) -> None:
    """Run the entry, between a frame that says it begins and one that proves it returned."""
    wire.write_frame(frames, wire.BEGUN, header.nonce)
    reseed()
    kind = run_entry(recipe.entry, read_all(payload), frames)
    flush_printing()
    wire.write_frame(frames, kind, header.nonce)


def main(header: wire.JobHeader, fds: Descriptors, recipe: Recipe, uid: int) -> None:
    """A cold child. Never returns; status 0 and a last frame mean that the entry returned."""
    status = 1
    try:
        lockdown.own_session()
        stdin = os.open(os.devnull, os.O_RDONLY)
        payload, frames = lockdown.keep_only(stdin, fds.printing, fds.payload, fds.frames)
        lockdown.limit_resources(header.cpu_seconds, header.address_space)
        give_up_rights(recipe, uid)
        seal(recipe)
        finish(header, recipe, payload, frames)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def main_prepared(channel_fd: int, recipe: Recipe, uid: int) -> None:
    """A prepared child. What it prints before its job goes to the resident process's log."""
    status = 1
    try:
        lockdown.own_session()
        stdin = os.open(os.devnull, os.O_RDONLY)
        (kept,) = lockdown.keep_only(stdin, 2, channel_fd)
        give_up_rights(recipe, uid)
        if sys.platform == "linux":
            lockdown.set_dumpable(True)  # a driver names its threads through /proc
        assert recipe.prepare is not None
        before_job = recipe.prepare()
        header, fds = wait_for_job(socket.socket(fileno=kept))
        lockdown.print_to(fds.printing)
        os.close(fds.printing)
        os.close(fds.status)
        used = _cpu_seconds()
        lockdown.limit_resources(math.ceil(used) + header.cpu_seconds, header.address_space)
        before_job(header.memory)
        seal(recipe)
        finish(header, recipe, fds.payload, fds.frames)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def wait_for_job(channel: socket.socket) -> tuple[wire.JobHeader, Descriptors]:
    """Say that we are ready, and take the one job. EOFError when no job will come."""
    with channel:
        channel.sendall(READY.pack(_cpu_seconds()))
        message = wire.receive_with_fds(channel, wire.HEADER_BYTES)
    if message is None:
        raise EOFError("the resident process ended")
    packed, fds = message
    return wire.JobHeader.unpack(packed), Descriptors(*fds)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
