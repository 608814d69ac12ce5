"""A submission read from a file or stdin, as bytes: what is in them is for the judge to say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

from app.errors import UsageError

LARGEST = 1_000_000  # bytes; nobody types that much


def read(path: str) -> bytes:
    """The bytes of a file, or of stdin for `-`. Raises UsageError saying what to give instead."""
    if path == "-":
        return _bounded(sys.stdin.buffer, "stdin")
    try:
        with Path(path).open("rb") as file:
            return _bounded(file, path)
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a folder; give the file with your solution") from error
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no file {path}; `python -m app start DRILL {path}` makes one to fill in"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {path}: {reason}") from error


def _bounded(file: BinaryIO, name: str) -> bytes:
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UsageError(f"{name} is larger than {LARGEST // 1_000_000} MB; is it the right file?")
    return data
