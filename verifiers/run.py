"""Run a drill's checks on a solution. The same code serves the submission and the reference."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from verifiers.checks import Case, Check, raised
from verifiers.draw import Draw

MAX_CASES = 500


@dataclass(frozen=True)
class Escaped(Case):
    """The last case of a check that an exception ended early, which is kept as text."""

    error: str = ""


@dataclass(frozen=True)
class Observation:
    """Everything one check saw; `escaped` is the exception that ended it early, if one did."""

    check: str
    cases: tuple[Case, ...]
    escaped: str = ""


def run_check(check: Check, solution: Any, draw: Draw) -> Observation:
    """Run one check to its end."""
    cases = tuple(cases_of(check, solution, draw))
    escaped = cases[-1].error if cases and isinstance(cases[-1], Escaped) else ""
    return Observation(check.name, cases, escaped)


def cases_of(check: Check, solution: Any, draw: Draw) -> Iterator[Case]:
    """The cases of one check as they come. An exception that escapes becomes a last case."""
    count = 0
    try:
        for case in islice(check.run(solution, draw), MAX_CASES):
            count += 1
            yield case
    except Exception as error:
        place = f"{check.name}, case {count + 1}"
        yield Escaped(place, raised(error).as_tree(), error=repr(error))


def run_checks(
    checks: Iterable[Check],
    solution: Any,
    seed: int,
    *,
    exact: bool = False,
    device: str = "cpu",
    parameters: Sequence[str] = (),
) -> Iterator[Observation]:
    """Run checks one after another, each on a stream of its own so that their order is free."""
    for check in checks:
        draw = Draw(seed, check.name, exact=exact, device=device, parameters=parameters, quiet=True)
        yield run_check(check, solution, draw)


def load_module(source: str, name: str, filename: str) -> types.ModuleType:
    """Execute source text as a module of its own. Exceptions pass through."""
    return run_module(compile(source, filename, "exec"), name)


def run_module(code: types.CodeType, name: str) -> types.ModuleType:
    """Execute compiled text as a module of its own. Exceptions pass through."""
    module = types.ModuleType(name)
    module.__file__ = code.co_filename
    exec(code, module.__dict__)
    return module
