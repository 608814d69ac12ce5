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
class Observation:
    """Everything one check saw; `escaped` is the exception that ended it early, if one did."""

    check: str
    cases: tuple[Case, ...]
    escaped: str = ""


def run_check(check: Check, solution: Any, draw: Draw) -> Observation:
    """Run one check. An exception that escapes becomes a last case, so that nothing is lost."""
    cases: list[Case] = []
    escaped = ""
    try:
        for case in islice(check.run(solution, draw), MAX_CASES):
            cases.append(case)  # noqa: PERF402 - the cases before an exception are kept
    except Exception as error:
        escaped = repr(error)
        cases.append(Case(f"{check.name}, case {len(cases) + 1}", raised(error).as_tree()))
    return Observation(check.name, tuple(cases), escaped)


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
    module = types.ModuleType(name)
    module.__file__ = filename
    exec(compile(source, filename, "exec"), module.__dict__)
    return module
