"""The commands of `python -m app`, found by looking: one file here is one command.

A command has `HELP` (one line), `add_arguments(parser)` and `run(args) -> int`, the exit status.
What it needs beyond the standard library it imports inside `run`, so that `--help` and every other
command start quickly.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import pkgutil
from typing import Protocol, cast

PIPE = "\\|"  # one that does not end the cell of a Markdown table


class Command(Protocol):
    """What a file in this folder provides."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


@functools.cache
def names() -> tuple[str, ...]:
    """The names of all commands, in alphabetical order."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(name: str) -> Command:
    return cast(Command, importlib.import_module(f"{__name__}.{name}"))


def parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command's arguments."""
    command = load(name)
    made = argparse.ArgumentParser(prog=f"python -m app {name}", description=command.HELP)
    command.add_arguments(made)
    return made


def usage(name: str) -> str:
    """The command with its arguments on one line, without the options that all have."""
    text = " ".join(parser(name).format_usage().removeprefix("usage: ").split())
    return text.replace(" [-h]", "").replace(" [--json]", "")


def table() -> str:
    """The table of commands in the README, in Markdown. A test keeps the two the same."""
    rows = [("python -m app", "Starts the web app."), *((usage(n), load(n).HELP) for n in names())]
    lines = [f"| `{call.replace('|', PIPE)}` | {does} |" for call, does in rows]
    return "\n".join(["| command | does |", "|---|---|", *lines])
