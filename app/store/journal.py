"""Appending and reading, so that a reader sees everything that was acknowledged before.

Writing appends a line to this journal's own spool file and returns once it is on disk: it neither
waits for another program nor loses anything to `kill -9`. Reading first copies what is in the
spool, everybody's, into the database.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.store.codec import to_line
from app.store.database import Connection, Database
from app.store.drain import SpoolFile, clean_up, insert, read_spool
from app.store.records import Record
from app.store.spool import SpoolWriter


class Journal:
    """The spool and the database of one data folder. Safe to share between threads."""

    def __init__(self, home: Path, now: Callable[[], datetime], timeout: float) -> None:
        self._now = now
        self._database = Database(home, timeout=timeout)
        self.path = self._database.path
        self._spool = home / "spool"
        self._writer = SpoolWriter(self._spool)
        self._drained: dict[Path, int] = {}  # sizes of the spool files as last copied
        self._copied: dict[Path, SpoolFile] = {}  # in this session, not yet committed
        self._connection: Connection | None = None
        self._mutex = threading.RLock()
        self._last = datetime(1970, 1, 1, tzinfo=UTC)
        self._stamps = threading.Lock()

    def append(self, *records: Record) -> None:
        """Record; on return it is safe on disk. Raises StoreUnwritableError."""
        self._writer.append([to_line(record) for record in records])

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to a database that holds everything acknowledged so far.

        Calls may nest: they share a lock and a transaction. No other program can read while one
        lasts.
        """
        with self._mutex:
            if self._connection is not None:
                self._drain(self._connection)
                yield self._connection
                return
            try:
                with self._database.session() as self._connection:
                    self._drain(self._connection)
                    yield self._connection
                clean_up(self._copied, self._writer, self._drained)  # only after the commit
            finally:
                self._connection, self._copied = None, {}

    def stamp(self, after: Record | None = None) -> datetime:
        """The time now, but later than the last stamp and than `after`.

        So what was recorded later sorts later, even where the clock was set back.
        """
        with self._stamps:
            earliest = max(self._last, after.happened_at if after else self._last)
            self._last = max(self._now().astimezone(UTC), earliest + timedelta(microseconds=1))
            return self._last

    def close(self) -> None:
        """Let go of the files. What is still in the spool is safe; the next reader copies it."""
        self._writer.close()
        self._database.close()

    def _drain(self, connection: Connection) -> None:
        """Copy what the spool gained since this session, or this journal, last looked."""
        sizes = {path: file.size for path, file in self._copied.items()}
        files = read_spool(self._spool, self._drained | sizes)
        insert(connection, (record for file in files for record in file.records))
        self._copied |= {file.path: file for file in files}
