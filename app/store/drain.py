"""From the spool into the database: every line once, and no file deleted too early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.store.codec import NewerLineError, columns, dumps, from_line, to_row
from app.store.database import Connection
from app.store.home import unreadable
from app.store.records import Record
from app.store.spool import SpoolWriter, settle_abandoned

BATCH = 16 * 2**20  # characters of JSON after which an INSERT is sent, to bound its memory


@dataclass(frozen=True)
class SpoolFile:
    """What one spool file held when it was read: `size` bytes, of which some may be bad lines."""

    path: Path
    size: int
    records: tuple[Record, ...]
    unreadable: int = 0  # complete lines that are no records: damage
    newer: int = 0  # lines that only a newer Whetstone understands


def read_spool(folder: Path, already: dict[Path, int]) -> list[SpoolFile]:
    """Every spool file that has another size than in `already` (what was drained before)."""
    files = []
    for path in sorted(folder.glob("*.jsonl")):
        try:
            if path.stat().st_size != already.get(path):
                files.append(_read(path))
        except FileNotFoundError:
            continue  # drained and deleted by its own writer just now
        except OSError as error:
            raise unreadable(path, error.strerror or str(error)) from error
    return files


def insert(connection: Connection, records: Iterable[Record]) -> int:
    """Insert records, skipping those whose id is there already; the number of new rows."""
    tables: dict[type[Record], dict[str, Record]] = {}
    for record in records:
        tables.setdefault(type(record), {}).setdefault(str(record.id), record)
    return sum(
        _insert_batch(connection, table, batch)
        for table, rows in tables.items()
        for batch in _batches(rows.values())
    )


def clean_up(
    files: Mapping[Path, SpoolFile], writer: SpoolWriter, already: dict[Path, int]
) -> None:
    """After the commit: delete the files whose writers are gone, set damaged ones aside."""
    for file in files.values():
        if file.newer:
            continue
        if not writer.retire(file.path, file.size):
            settle_abandoned(file.path, file.size, damaged=bool(file.unreadable))
        already[file.path] = file.size
    for path in [path for path in already if not path.exists()]:
        del already[path]


def _read(path: Path) -> SpoolFile:
    data = path.read_bytes()
    records: list[Record] = []
    unreadable = newer = 0
    for line in data.split(b"\n")[:-1]:  # after the last newline: a line still being written
        try:
            records.append(from_line(line))
        except NewerLineError:
            newer += 1
        except ValueError:
            unreadable += 1
    return SpoolFile(path, len(data), tuple(records), unreadable, newer)


def _batches(records: Iterable[Record]) -> Iterator[list[str]]:
    """The rows as JSON, in lists of about BATCH characters."""
    batch: list[str] = []
    size = 0
    for record in records:
        batch.append(dumps(to_row(record)))
        size += len(batch[-1])
        if size > BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _insert_batch(connection: Connection, table: type[Record], rows: list[str]) -> int:
    """One INSERT for all rows: they cross as one JSON text, which is quicker than parameters."""
    names = columns(table)
    structure = dumps([{name: column.sql for name, column in names.items()}])
    inserted = connection.execute(
        f"INSERT INTO {table.TABLE} ({', '.join(names)}) "
        f"SELECT {', '.join(f'r.{name}' for name in names)} "
        f"FROM (SELECT unnest(from_json(?::JSON, '{structure}')) AS r) ON CONFLICT DO NOTHING",
        [f"[{','.join(rows)}]"],
    ).fetchall()
    return int(inserted[0][0])
