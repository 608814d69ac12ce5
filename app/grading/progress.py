"""How far a run has come, on stderr: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from app.terminal import say

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

LINES = 20  # how many lines a whole run prints where there is no terminal


class Progress(Protocol):
    """Told of each result as it comes, and of what else the person should read."""

    def advance(self, verdict: str) -> None: ...

    def message(self, text: str) -> None: ...


class Lines:
    """Progress where stderr is a file or a pipe."""

    def __init__(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        self.step = max(1, total // LINES)

    def advance(self, verdict: str) -> None:
        self.done += 1
        if self.done % self.step == 0 or self.done == self.total:
            say(f"{self.done} of {self.total}")

    def message(self, text: str) -> None:
        say(text)


@contextlib.contextmanager
def progress(done: int, total: int) -> Iterator[Progress]:
    """Progress from `done` to `total` submissions judged."""
    if not sys.stderr.isatty():
        yield Lines(done, total)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress

    bar = RichProgress(
        TextColumn("judging"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[passed]} passed"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        yield Bar(bar, done, total)


class Bar:
    """Progress on a terminal."""

    def __init__(self, bar: RichProgress, done: int, total: int) -> None:
        self.bar, self.passed = bar, 0
        self.task = bar.add_task("judging", total=total, completed=done, passed=0)

    def advance(self, verdict: str) -> None:
        self.passed += verdict == "passed"
        self.bar.update(self.task, advance=1, passed=self.passed)

    def message(self, text: str) -> None:
        self.bar.console.print(text, markup=False, highlight=False)
