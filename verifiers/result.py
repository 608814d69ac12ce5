"""The result of one check: what the submission did in each call, held against the reference."""

from __future__ import annotations

from typing import Any

from verifiers.checks import Check, Judge
from verifiers.compare import compare_case, raised
from verifiers.describe import describe_exception, describe_kind, show
from verifiers.printed import shown
from verifiers.tolerance import Allowance
from verifiers.tree import identical
from verifiers.verdict import CheckResult
from verifiers.workbench import Expected

MOST_DETAIL = 2000  # characters of what one check found


def compare_check(
    check: Check, observed: list[Any], expected: Expected
) -> tuple[CheckResult, bool]:
    """The result of one check, and whether it failed by an exception."""
    for index, native in enumerate(expected.native):
        if index >= len(observed):
            return _failed(check, expected, index, "the check stopped before this call"), False
        outcome = observed[index]
        if check.judge:
            found = _by_own_rule(check.judge, outcome, native)
        elif identical(outcome, native):
            found = ""  # and float64 need not be asked
        else:
            allowance = Allowance(expected.scales[index], check.slack)
            found = str(compare_case(outcome, native, expected.exact[index], allowance) or "")
        if found:
            return _failed(check, expected, index, found), raised(outcome)
    if len(observed) > len(expected.native):
        return CheckResult(check.name, False, "the check observed more calls than it made"), False
    return CheckResult(check.name, True), False


def _failed(check: Check, expected: Expected, index: int, found: str) -> CheckResult:
    detail = shown(f"{expected.calls[index]}: {found}", MOST_DETAIL)
    return CheckResult(check.name, False, detail)


def _by_own_rule(rule: Judge, outcome: Any, native: Any) -> str:
    """What a check's own rule says of an outcome; nothing where all is well."""
    if raised(outcome) and not raised(native):
        return f"raised {describe_exception(outcome)}"
    try:
        return rule(outcome, native) or ""
    except Exception:
        return f"the result has a form that cannot be read: {_shape_of(outcome)}"


def _shape_of(outcome: Any) -> str:
    returned = outcome.get("returned") if isinstance(outcome, dict) else outcome
    return describe_kind(returned)


def show_example(expected: Expected, observed: list[Any]) -> str:
    """Each call of the worked example with what the submission returned."""
    lines = []
    for call, outcome in zip(expected.calls, observed, strict=True):
        returned = outcome.get("returned") if isinstance(outcome, dict) else outcome
        lines.append(f"{call} → {show(returned)}")
    return "\n".join(lines)
