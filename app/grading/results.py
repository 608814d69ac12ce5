"""The results file: one JSON line for each submission judged, written by one process at a time."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from app.errors import LearnerError, UsageError


@dataclass(frozen=True)
class Result:
    """What the summary and a later run need to know of a line; the file holds the whole verdict."""

    id: str
    learner: str
    drill: str
    verdict: str


def read_results(path: Path) -> dict[str, Result]:
    """The results a file holds, by id; none for a file that is not there.

    Passed over: a line cut short by a kill, and a fault of the judge, which is tried again.
    """
    results: dict[str, Result] = {}
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        for line in file:
            result = _parse(line)
            if result and result.verdict != "judge_error":
                results[result.id] = result
    return results


def _parse(line: bytes) -> Result | None:
    try:
        data = json.loads(line)
        result = Result(*(data[key] for key in ("id", "learner", "drill", "verdict")))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return result if all(isinstance(value, str) for value in vars(result).values()) else None


class ResultsFile:
    """A results file open for appending, by nobody else at the same time."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self._file = path, file

    def write(self, result: dict[str, Any]) -> None:
        """Append a result; it is with the operating system when this returns."""
        try:
            self._file.write(json.dumps(result).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise LearnerError(
                f"cannot write to {self.path}: {error.strerror}. What it holds already is kept; "
                "put that right and run the same command again to go on."
            ) from error


@contextlib.contextmanager
def open_results(path: Path) -> Iterator[ResultsFile]:
    """Open a results file to add to it. Raises UsageError where that cannot be."""
    if path.exists() and not path.is_file():  # to read /dev/zero or a pipe would never end
        raise UsageError(f"cannot write results to {path}: it is not an ordinary file")
    try:
        file = path.open("ab", buffering=0)
    except OSError as error:
        raise UsageError(
            f"cannot write results to {path}: {error.strerror}. Give --output a file that can be "
            "written."
        ) from error
    with file:
        _lock(path, file.fileno())
        if _ends_mid_line(path):
            file.write(b"\n")
        yield ResultsFile(path, file)


def _lock(path: Path, number: int) -> None:
    """Keep a second run off the same file: both would judge, and write, the same submissions."""
    import fcntl

    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(
            f"another run is writing to {path}. Wait for it, or give --output another file."
        ) from error
    except OSError:
        return  # a file system that knows no locks


def _ends_mid_line(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
