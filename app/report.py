"""A verdict for people in a terminal, and for programs as JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from app.terminal import plain
from verifiers.verdict import CheckResult, Kind, Verdict

if TYPE_CHECKING:
    from rich.console import Console

HEADLINES: dict[Kind, str] = {
    "passed": "Passed",
    "failed": "Not right yet",
    "forbidden": "Uses a call that this drill bans",
    "syntax_error": "Not valid Python",
    "runtime_error": "Raised an exception",
    "time_limit": "Ran out of time",
    "memory_limit": "Ran out of memory",
    "output_limit": "Printed too much",
    "crashed": "Crashed",
    "judge_error": "The judge failed, not your code",
}


def as_dict(verdict: Verdict) -> dict[str, Any]:
    """A verdict as `check --json` prints it. The message is not part of it: it goes to stderr."""
    everything = dataclasses.asdict(verdict)
    del everything["message"]
    return everything


def print_check(console: Console, check: CheckResult) -> None:
    """One line for a check, and what differs first where it failed."""
    mark, style = ("✓", "green") if check.passed else ("✗", "red")
    console.print(plain(f"{mark} ", style), plain(check.name), sep="")
    if check.detail and not check.passed:
        console.print(_indented(check.detail), style="dim")


def print_verdict(console: Console, verdict: Verdict) -> None:
    """What the checks add up to, what was probably misunderstood, and what was printed."""
    if verdict.printed:
        console.print("\nYour code printed:", style="bold")
        console.print(_indented(verdict.printed))
    style = "bold green" if verdict.passed else "bold red"
    passed = sum(check.passed for check in verdict.checks)
    count = f" ({passed} of {len(verdict.checks)} checks)" if verdict.checks else ""
    console.print(f"\n{HEADLINES[verdict.verdict]}{count}", style=style)
    if verdict.message:
        console.print(plain(verdict.message))
    if verdict.diagnosis:
        console.print("\nWhat probably happened:", style="bold")
        console.print(plain(verdict.diagnosis.explanation))
    console.print(
        f"\n{verdict.drill}, {verdict.device}, seed {verdict.seed}, {verdict.wall_ms:.0f} ms",
        style="dim",
    )


def _indented(text: str) -> Any:
    lines = text.rstrip("\n").split("\n")
    return plain("\n".join(f"    {line}" for line in lines))
