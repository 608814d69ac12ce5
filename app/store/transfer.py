"""Everything recorded as one JSON-lines file, and back.

The first line says what the file is and how many records follow, so that a file cut short is
noticed. The others are records as in the spool (`app/store/codec.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.store.codec import NewerLineError, dumps, from_line, to_line
from app.store.database import Connection
from app.store.errors import StoreImportError, StoreUnwritableError
from app.store.home import unwritable
from app.store.queries import counts, select
from app.store.records import RECORDS, Record

FORMAT_VERSION = 1


def export(connection: Connection, path: Path, now: datetime) -> int:
    """Write every record to `path`, whole or not at all; the number of records.

    Raises StoreUnwritableError.
    """
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        count = _write(connection, unfinished, now)
        unfinished.replace(path)
    except OSError as error:
        raise unwritable(path, error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return count


def check_target(path: Path) -> None:
    """Raises StoreUnwritableError where an export to `path` would destroy something else."""
    if path.exists() and not is_export(path):
        raise StoreUnwritableError(
            f"{path} exists and is not an export of progress, so it was not overwritten. "
            "Choose another name."
        )


def is_export(path: Path) -> bool:
    """Whether the file starts as an export does."""
    try:
        with path.open(encoding="utf-8") as file:
            return _header(file.readline(4096)) is not None
    except (OSError, ValueError):
        return False


def read_export(path: Path) -> list[Record]:
    """Every record of an export. Raises StoreImportError naming the line that is wrong."""
    try:
        with path.open("rb") as file:
            header = _header(file.readline())
            if header is None:
                raise StoreImportError(
                    f"{path} is not an export of progress: its first line is not that of one. "
                    "`python -m app progress --export FILE` makes one."
                )
            if header["whetstone_export"] not in range(1, FORMAT_VERSION + 1):
                raise StoreImportError(
                    f"{path} is an export of another form ({header['whetstone_export']!r}) than "
                    "this Whetstone reads. Update Whetstone, then import. Nothing was imported."
                )
            records = [
                _record(path, number, line) for number, line in enumerate(file, 2) if line.strip()
            ]
    except OSError as error:
        raise StoreImportError(f"cannot read {path}: {error.strerror or error}") from error
    if len(records) != header.get("records"):
        raise StoreImportError(
            f"{path} is incomplete: it holds {len(records)} records of {header.get('records')}. "
            "Nothing was imported."
        )
    return records


def _write(connection: Connection, path: Path, now: datetime) -> int:
    total = sum(counts(connection).values())
    header = {"whetstone_export": FORMAT_VERSION, "exported_at": now.isoformat(), "records": total}
    with path.open("x", encoding="utf-8") as file:
        file.write(dumps(header) + "\n")
        file.writelines(f"{line}\n" for line in _lines(connection))
        file.flush()
        os.fsync(file.fileno())
    return total


def _lines(connection: Connection, page: int = 1000) -> Iterator[str]:
    """The lines of all records, a page at a time, so that a long history fits in memory."""
    for table in RECORDS:
        tail, start = "ORDER BY rowid LIMIT ? OFFSET ?", 0
        while records := select(connection, table, tail, page, start):
            yield from map(to_line, records)
            start += page


def _header(line: str | bytes) -> dict[str, Any] | None:
    try:
        header = json.loads(line)
    except ValueError:
        return None
    return header if isinstance(header, dict) and "whetstone_export" in header else None


def _record(path: Path, number: int, line: bytes) -> Record:
    try:
        return from_line(line)
    except NewerLineError as error:
        raise StoreImportError(
            f"{path}, line {number}: {error}. Update Whetstone, then import. Nothing was imported."
        ) from error
    except ValueError as error:
        raise StoreImportError(f"{path}, line {number}: {error}. Nothing was imported.") from error
