"""Judge a function with a drill's own checks, without a sandbox: the comparison is the real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drills.catalogue import get_drill
from verifiers.result import compare_check
from verifiers.workbench import load_workbench


def complaints(drill_id: str, solution: Callable[..., Any], seed: int = 0) -> dict[str, str]:
    """The checks that a solution fails, with what is said of each; empty if it passes."""
    bench = load_workbench(get_drill(drill_id).spec)
    found = {}
    for check in bench.checks:
        observed = bench.expect(check, solution, seed, "cpu").native
        expected = bench.expect(check, bench.reference, seed, "cpu")
        result, _ = compare_check(check, list(observed), expected)
        if not result.passed:
            found[check.name] = result.detail
    return found


def reference(drill_id: str) -> Callable[..., Any]:
    """A drill's reference solution."""
    solution: Callable[..., Any] = load_workbench(get_drill(drill_id).spec).reference
    return solution
