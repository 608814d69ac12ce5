"""What a child says besides its checks: why it never came to them, or that it came to the end.

Such a frame may be forged. What it should hold is read here once, checked, and made safe to show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from verifiers.printed import shown

Topic = Literal[
    "syntax_error", "forbidden", "no_entry", "import_error", "memory", "exit", "end", "forged"
]
LINE, MESSAGE, NAME = 200, 500, 80  # characters that are shown of each
NAMES = 20


@dataclass(frozen=True)
class Report:
    """What the child says, and what a learner should read of it."""

    topic: Topic
    text: str = ""


FORGED = Report("forged")


def read_report(frame: Any) -> Report:
    """The report in a decoded frame; FORGED where it is none."""
    topic = frame.get("frame") if isinstance(frame, dict) else None
    if not isinstance(topic, str) or topic not in READERS:
        return FORGED
    try:
        return READERS[topic](frame)
    except (LookupError, TypeError, AttributeError):
        return FORGED


def _syntax_error(frame: dict[str, Any]) -> Report:
    line = f"line {frame['line']}: " if isinstance(frame["line"], int) else ""
    text = shown(frame["text"], LINE)
    code = f"\n    {text}" if text else ""
    return Report("syntax_error", f"{line}{shown(frame['message'], MESSAGE)}{code}")


def _forbidden(frame: dict[str, Any]) -> Report:
    first = frame["uses"][0]
    line = first["line"]
    where = f" (line {line})" if isinstance(line, int) and line else ""
    return Report("forbidden", f"{shown(first['name'], NAME)}{where}")


def _no_entry(frame: dict[str, Any]) -> Report:
    names = [shown(name, NAME) for name in frame["defined"][:NAMES]]
    return Report("no_entry", ", ".join(names) or "nothing")


def _import_error(frame: dict[str, Any]) -> Report:
    line = frame["line"]
    where = f" in line {line}" if isinstance(line, int) else ""
    message = shown(frame["message"], MESSAGE)
    text = f": {message}" if message else ""
    kind = shown(frame["raised"][0], NAME)
    return Report("import_error", f"{kind}{where} while the submission was loaded{text}")


READERS: dict[str, Callable[[dict[str, Any]], Report]] = {
    "syntax_error": _syntax_error,
    "forbidden": _forbidden,
    "no_entry": _no_entry,
    "import_error": _import_error,
    "memory": lambda frame: Report("memory"),
    "exit": lambda frame: Report("exit"),
    "end": lambda frame: Report("end"),
}
