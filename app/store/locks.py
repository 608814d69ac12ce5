"""A lock between threads and processes, let go by the system when its holder dies.

DuckDB refuses every other process while one has the file open. Taking this lock first turns
those refusals into short waits. It is a file of its own: opening and closing the database file
itself would silently drop DuckDB's lock in a process that has it attached.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from app.store.errors import StoreBusyError
from app.store.home import unwritable


@contextlib.contextmanager
def exclusive(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock file. Raises StoreBusyError after `timeout` seconds of waiting."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(path, error.strerror or str(error)) from error
    try:
        _wait(descriptor, path, time.monotonic() + timeout)
        yield
    finally:
        os.close(descriptor)  # lets go of the lock


def _wait(descriptor: int, path: Path, deadline: float) -> None:
    pause = 0.0005
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise busy(path.parent) from None
        time.sleep(pause)
        pause = min(pause * 1.5, 0.01)


def busy(home: Path) -> StoreBusyError:
    return StoreBusyError(
        f"another program has kept the progress in {home} to itself for too long. "
        "Close whatever has it open (a DuckDB shell, a notebook) and try again; "
        "what you did meanwhile is safe and will be added."
    )
