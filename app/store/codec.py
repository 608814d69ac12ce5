"""Records to JSON lines and back. The spool and the export speak the same language.

A line is one JSON object: the format's version `v`, the `table`, and the record's fields.
Decoding trusts nothing: a line that decodes can also be inserted.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.store.records import RECORDS, Record
from verifiers.verdict import CheckResult, Diagnosis

LINE_VERSION = 1
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_TABLES = {record.TABLE: record for record in RECORDS}


class NewerLineError(ValueError):
    """A line in the format of a newer Whetstone."""


@dataclasses.dataclass(frozen=True)
class Column:
    """How one field is stored: its SQL type, and how to turn it into JSON and back."""

    sql: str
    to_json: Callable[[Any], Any]
    from_json: Callable[[Any], Any]
    may_be_empty: bool = False


def to_line(record: Record) -> str:
    """One line of JSON without its newline. Raises ValueError for NaN or infinity."""
    return dumps({"v": LINE_VERSION, "table": record.TABLE, **to_row(record)})


def from_line(line: str | bytes) -> Record:
    """The record of a line. Raises ValueError saying what is wrong with the line."""
    try:
        text = line.decode() if isinstance(line, bytes) else line
        data = json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise ValueError("not UTF-8") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    version, table = data.pop("v", None), data.pop("table", None)
    if not isinstance(version, int):
        raise ValueError("has no version")
    if version > LINE_VERSION:
        raise NewerLineError(f"version {version} is newer than this Whetstone")
    if not isinstance(table, str) or table not in _TABLES:
        raise ValueError(f"unknown table {table!r}")
    return from_row(_TABLES[table], data)


def to_row(record: Record) -> dict[str, Any]:
    """The record's fields as JSON values, by column name."""
    return {
        name: None if (value := getattr(record, name)) is None else column.to_json(value)
        for name, column in columns(type(record)).items()
    }


def from_row(record: type[Record], row: dict[str, Any]) -> Record:
    """The record with these fields. Raises ValueError naming the field that is wrong."""
    known = columns(record)
    if stray := row.keys() - known.keys():
        raise ValueError(f"unknown field {min(stray)!r}")
    if missing := _REQUIRED[record.TABLE] - row.keys():
        raise ValueError(f"field {min(missing)!r} is missing")
    return record(**{name: _field(name, known[name], value) for name, value in row.items()})


def columns(record: type[Record]) -> dict[str, Column]:
    """The columns of a record's table by name, in the order of the fields."""
    return _COLUMNS[record.TABLE]


def dumps(value: Any) -> str:
    """Compact JSON that is valid UTF-8 (a lone surrogate becomes `?`). Refuses NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode("utf-8")


def _field(name: str, column: Column, value: Any) -> Any:
    if value is None:
        if column.may_be_empty:
            return None
        raise ValueError(f"field {name!r} is empty")
    try:
        return column.from_json(value)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"field {name!r}: {error}") from error


def _is_required(field: dataclasses.Field[Any]) -> bool:
    identity = field.name in ("id", "happened_at")  # a default would make every import new rows
    no_default = (
        field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
    return identity or no_default


def _column(hint: Any) -> Column:
    """The column for a field's type."""
    if hint is Any:
        return Column("JSON", _same, _same, may_be_empty=True)
    if typing.get_origin(hint) is typing.Literal:
        return Column("VARCHAR", _same, functools.partial(_one_of, typing.get_args(hint)))
    if isinstance(hint, types.UnionType):
        inner = next(part for part in typing.get_args(hint) if part is not types.NoneType)
        return dataclasses.replace(_TYPES[inner], may_be_empty=True)
    return _TYPES[hint]


def _same(value: Any) -> Any:
    return value


def _one_of(choices: tuple[str, ...], value: Any) -> str:
    if value not in choices:
        raise ValueError(f"{value!r} is not one of {', '.join(choices)}")
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise ValueError(f"{value!r} is not a 64-bit integer")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _time(value: Any) -> datetime:
    time = datetime.fromisoformat(_text(value))
    if time.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    if not EARLIEST <= time < LATEST:  # the calendar walks through every day in between
        raise ValueError(f"{value!r} is not between {EARLIEST.year} and {LATEST.year}")
    return time.astimezone(UTC)


def _checks(value: Any) -> tuple[CheckResult, ...]:
    return tuple(
        CheckResult(_text(item["name"]), _boolean(item["passed"]), _text(item["detail"]))
        for item in value
    )


def _diagnosis(value: Any) -> Diagnosis:
    mistake = value["mistake"]
    return Diagnosis(None if mistake is None else _text(mistake), _text(value["explanation"]))


def _checks_to_json(checks: tuple[CheckResult, ...]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(check) for check in checks]


def _time_to_json(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_TYPES: dict[Any, Column] = {
    str: Column("VARCHAR", _same, _text),
    int: Column("BIGINT", _same, _integer),
    float: Column("DOUBLE", _same, _number),
    bool: Column("BOOLEAN", _same, _boolean),
    UUID: Column("UUID", str, lambda value: UUID(_text(value))),
    datetime: Column("TIMESTAMP", _time_to_json, _time),
    tuple[CheckResult, ...]: Column("JSON", _checks_to_json, _checks),
    Diagnosis: Column("JSON", dataclasses.asdict, _diagnosis),
}

_COLUMNS: dict[str, dict[str, Column]] = {
    record.TABLE: {
        field.name: _column(typing.get_type_hints(record)[field.name])
        for field in dataclasses.fields(record)
    }
    for record in RECORDS
}
_REQUIRED: dict[str, set[str]] = {
    record.TABLE: {field.name for field in dataclasses.fields(record) if _is_required(field)}
    for record in RECORDS
}
