"""The one DuckDB file: attached only while it is used, created and migrated when needed.

A session holds the lock, attaches the file to an in-memory DuckDB of this process, and detaches
it at the end: about a millisecond, where opening a connection takes twenty. Nothing else opens
the file. A file that cannot be read is left exactly as it is.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from app.store.errors import (
    StoreDamagedError,
    StoreError,
    StoreNewerError,
)
from app.store.home import make_folder, unwritable
from app.store.locks import busy, exclusive
from app.store.spool import sync_folder

FILE_NAME = "progress.duckdb"
MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_TIMEOUT = 20.0  # seconds; a session normally holds the lock for a few milliseconds
Connection = duckdb.DuckDBPyConnection


class Database:
    """Sessions on the file in `home`. Safe to share between threads."""

    def __init__(
        self, home: Path, *, timeout: float = LOCK_TIMEOUT, migrations: Path = MIGRATIONS
    ) -> None:
        self.path = home / FILE_NAME
        self._timeout = timeout
        self._scripts = migration_scripts(migrations)
        self._mutex = threading.Lock()
        self._engine: Connection | None = None
        self._owner = os.getpid()

    @contextlib.contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection to the current, migrated database; not to be nested.

        What is written is committed when the session ends without an error, else undone.
        """
        make_folder(self.path.parent)
        with self._mutex, exclusive(self.path.with_suffix(".lock"), self._timeout):
            try:
                if not self.path.exists():
                    self._create()
                connection = self._attach(self.path)
                connection.execute("BEGIN")
                self._migrate(connection)
                yield connection
                connection.execute("COMMIT")
                self._detach(connection)
            except duckdb.Error as error:
                self._drop_engine()
                if explained := explain(self.path, error):
                    raise explained from error
                raise  # a mistake in our SQL
            except BaseException:
                self._drop_engine()  # which undoes the transaction and lets go of the file
                raise

    def close(self) -> None:
        with self._mutex:
            self._drop_engine()

    def _connection(self) -> Connection:
        """This process's in-memory DuckDB. One thread, so that nothing survives in a fork."""
        if self._owner != os.getpid():
            self._engine, self._owner = None, os.getpid()
        if self._engine is None:
            self._engine = duckdb.connect(
                config={
                    "threads": 1,
                    "temp_directory": str(self.path.with_suffix(".tmp")),
                    "python_enable_replacements": False,  # a missing table is not a variable here
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                }
            )
        return self._engine

    def _attach(self, path: Path) -> Connection:
        connection = self._connection()
        quoted = str(path).replace("'", "''")
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                connection.execute(f"ATTACH '{quoted}' AS progress (TYPE duckdb)")
                connection.execute("USE progress")
                return connection
            except duckdb.IOException as error:
                if "lock" not in str(error):
                    raise
                if time.monotonic() > deadline:
                    raise busy(path.parent) from error
                time.sleep(0.01)

    def _detach(self, connection: Connection) -> None:
        connection.execute("USE memory")
        connection.execute("DETACH progress")

    def _drop_engine(self) -> None:
        if self._engine is not None and self._owner == os.getpid():
            with contextlib.suppress(duckdb.Error):
                self._engine.close()
        self._engine = None

    def _create(self) -> None:
        """Build the file beside its place and move it there whole."""
        log = Path(f"{self.path}.wal")
        if log.exists():
            raise StoreDamagedError(
                f"{self.path} is missing, but its log {log.name} is there. Put the database "
                "back, or move the log away to start afresh."
            )
        fresh = self.path.with_suffix(".new")
        try:
            for leftover in (fresh, Path(f"{fresh}.wal")):
                leftover.unlink(missing_ok=True)
            connection = self._attach(fresh)
            connection.execute("CREATE TABLE schema_version (version BIGINT, applied_at TIMESTAMP)")
            self._detach(connection)
            fresh.rename(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise unwritable(fresh, error.strerror or str(error)) from error

    def _migrate(self, connection: Connection) -> None:
        version = schema_version(connection, self.path)
        newest = len(self._scripts)
        if version > newest:
            raise StoreNewerError(
                f"{self.path} was written by a newer Whetstone (its data has version {version}, "
                f"this program knows {newest}). Update Whetstone; the file was left as it is."
            )
        for number, script in enumerate(self._scripts[version:], start=version + 1):
            connection.execute(script)
            applied_at = datetime.now(UTC).replace(tzinfo=None)
            connection.execute("INSERT INTO schema_version VALUES (?, ?)", [number, applied_at])


def migration_scripts(folder: Path) -> tuple[str, ...]:
    """The SQL of every migration, in order. Raises ValueError where a number is missing."""
    files = sorted(folder.glob("*.sql"))
    for number, file in enumerate(files, start=1):
        if not file.name.startswith(f"{number:04}_"):
            raise ValueError(f"migration {number:04} is missing; found {file.name} in its place")
    return tuple(file.read_text(encoding="utf-8") for file in files)


def schema_version(connection: Connection, path: Path) -> int:
    """The number of the last migration applied. Raises StoreDamagedError for a foreign file."""
    try:
        (version,) = connection.execute(
            "SELECT coalesce(max(version), 0) FROM schema_version"
        ).fetchall()[0]
    except duckdb.CatalogException as error:
        raise StoreDamagedError(
            f"{path} is a DuckDB database, but not one of Whetstone's. Move it away, or set "
            "WHETSTONE_HOME to another folder; the file was left as it is."
        ) from error
    return int(version)


def explain(path: Path, error: duckdb.Error) -> StoreError | None:
    """What an error of DuckDB means for the learner; None where it is not about the file."""
    text = str(error).splitlines()[0]
    if isinstance(error, duckdb.OutOfMemoryException):
        return StoreError(f"there is not enough memory to read {path}. (DuckDB says: {text})")
    if isinstance(error, duckdb.ProgrammingError | duckdb.DataError):
        return None
    if re.search(r"No space left|File too large|Disk quota", str(error)):
        return unwritable(path, "the disk is full")
    if re.search(r"Permission denied|Read-only file system", str(error)):
        return unwritable(path, "permission denied")
    if "newer version of DuckDB" in str(error):
        return StoreNewerError(
            f"{path} was written by a newer DuckDB. Update Whetstone; the file was left as it is. "
            f"(DuckDB says: {text})"
        )
    return StoreDamagedError(
        f"{path} is damaged and was left as it is. Move it away to start afresh, then bring back "
        "an export with `python -m app progress --import FILE`. What you do meanwhile is kept "
        f"safe beside it. (DuckDB says: {text})"
    )
