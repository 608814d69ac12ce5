"""The spool: where a record is safe before it reaches the database.

Every writer appends to a file of its own and returns once the line is on disk, so that it never
waits for the database and `kill -9` loses nothing that was acknowledged. A writer holds an
advisory lock on its file while it lives. Whoever holds the database's lock copies every file's
lines into it (`app/store/drain.py`) and deletes the files whose writers are gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from pathlib import Path
from uuid import uuid4

from app.store.home import make_folder, unwritable

ROTATE_BYTES = 256 * 1024  # a longer file is given up, so that the next drain deletes it


class SpoolWriter:
    """One writer's file, made at the first line. Safe to share between threads and over fork."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._descriptor: int | None = None
        self._path: Path | None = None
        self._owner = os.getpid()

    def append(self, lines: list[str]) -> None:
        """Write the lines and return once they are on disk.

        Raises StoreUnwritableError; then none of the lines counts as recorded.
        """
        data = "".join(f"{line}\n" for line in lines).encode()
        with self._mutex:
            try:
                descriptor = self._open()
                size = _write_durably(descriptor, data)
            except OSError as error:
                self._let_go()  # whatever is wrong with this file, the next line gets another
                raise unwritable(self._folder, error.strerror or str(error)) from error
            if size > ROTATE_BYTES:
                self._let_go()

    def retire(self, path: Path, size: int) -> bool:
        """Delete the file if it is this writer's own and holds nothing after `size` bytes."""
        with self._mutex:
            if self._descriptor is None or path != self._path or self._owner != os.getpid():
                return False
            if os.fstat(self._descriptor).st_size == size:
                path.unlink(missing_ok=True)
                self._let_go()
            return True

    def close(self) -> None:
        with self._mutex:
            self._let_go()

    def _open(self) -> int:
        if self._owner != os.getpid():  # after a fork the file stays the parent's
            self._let_go()
            self._owner = os.getpid()
        while self._descriptor is None:
            make_folder(self._folder)
            self._path = self._folder / f"{uuid4().hex}.jsonl"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink == 0:  # a drain took it for abandoned just before
                os.close(descriptor)
                continue
            self._descriptor = descriptor
            sync_folder(self._folder)
        return self._descriptor

    def _let_go(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = self._path = None


def _write_durably(descriptor: int, data: bytes) -> int:
    """Append all of `data` or none of it; the file's size afterwards, in bytes."""
    before = os.fstat(descriptor).st_size
    try:
        written = 0
        while written < len(data):
            written += os.write(descriptor, data[written:])
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, before)
        raise
    return before + len(data)


def settle_abandoned(path: Path, size: int, *, damaged: bool = False) -> None:
    """Delete a spool file whose writer is gone and which holds nothing after `size` bytes.

    A damaged one is renamed instead, so that a person can look at it.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return  # deleted by its own writer
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_size != size:
            return
        if damaged:
            path.rename(path.with_suffix(".damaged"))
        else:
            path.unlink(missing_ok=True)
    except BlockingIOError:
        pass  # its writer lives
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a new or renamed entry of the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
