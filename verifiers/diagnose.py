"""What a wrong submission shows its author misunderstood.

First the drill's known mistakes: each is run on the same seed, and one that behaves like the
submission in every check is the diagnosis. Failing that, mistakes that explain some of the failing
checks. Failing that, what the numbers themselves give away: a constant factor, a swapped axis,
precision lost, or the one property that separates the failing checks from the passing ones.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from verifiers.checks import Check
from verifiers.clues import clues, contrast_of_checks, seen_calls
from verifiers.compare import Allowance, compare_case
from verifiers.tree import Array, OnDevice
from verifiers.verdict import Diagnosis

if TYPE_CHECKING:
    from verifiers.judge import Expected, Record, Workbench


def diagnose(bench: Workbench, record: Record, seed: int, device: str) -> Diagnosis | None:
    """The best explanation of a failed submission, or None."""
    observed = [check for check in bench.checks if check.name in record.observed]
    failing = [result.name for result in record.results if not result.passed]
    # Failing checks tell mistakes apart; looking at them first ends most comparisons early.
    observed.sort(key=lambda check: check.name not in failing)
    known = _Known(bench, record, seed, device)
    if len(observed) == len(bench.checks):
        for name, mistake in bench.mistakes.items():
            if all(known.alike(name, check) for check in observed):
                return Diagnosis(name, explanation_of(mistake))
    return _partial(bench, known, observed, failing) or _inferred(
        bench, observed, record, failing, seed, device
    )


class _Known:
    """How the drill's mistakes behave on this seed, each run at most once."""

    def __init__(self, bench: Workbench, record: Record, seed: int, device: str) -> None:
        self.bench, self.record, self.seed, self.device = bench, record, seed, device
        self.answers: dict[tuple[str, str], bool] = {}

    def alike(self, name: str, check: Check) -> bool:
        """Whether the submission did in this check just what this mistake does."""
        key = (name, check.name)
        if key not in self.answers:
            expected = self.bench.expect(check, self.bench.mistakes[name], self.seed, self.device)
            self.answers[key] = behaves_alike(check, self.record.observed[check.name], expected)
        return self.answers[key]


def explanation_of(mistake: Any) -> str:
    """A mistake's docstring: what its author believed, and what is true."""
    return inspect.cleandoc(mistake.__doc__ or mistake.__name__.replace("_", " "))


def behaves_alike(check: Check, observed: list[Any], expected: Expected) -> bool:
    """Whether outcomes equal those of a known solution, natively or as in float64."""
    if len(observed) != len(expected.native):
        return False
    for index, outcome in enumerate(observed):
        native = expected.native[index]
        allowance = Allowance(expected.scales[index], check.slack, strict=True)
        if compare_case(outcome, native, native, allowance) is None:
            continue
        exact = expected.exact[index] if index < len(expected.exact) else None
        # A mistake that loses precision is far from `exact` itself; that excuses nobody else.
        if exact is None or compare_case(outcome, _as_in(native, exact), exact, allowance):
            return False
    return True


def _as_in(native: Any, exact: Any) -> Any:
    """The exact tree rounded to the dtypes of the native one."""
    match native:
        case OnDevice() | Array() if type(exact) is type(native):
            return replace(native, values=exact.values.to(native.values.dtype))
        case dict() if isinstance(exact, dict) and set(exact) == set(native):
            return {key: _as_in(value, exact[key]) for key, value in native.items()}
        case list() | tuple() if isinstance(exact, list | tuple) and len(exact) == len(native):
            return [_as_in(value, other) for value, other in zip(native, exact, strict=True)]
    return native


def _partial(
    bench: Workbench, known: _Known, observed: list[Check], failing: list[str]
) -> Diagnosis | None:
    """The fewest mistakes that explain half of the failing checks or more, each explained once.

    A check that failed by an exception says too little to be explained by another's exception. A
    mistake that would fail where the submission passes is not what its author believes.
    """
    telling = {
        check.name
        for check in observed
        if check.name in failing and not _any_raised(known.record.observed[check.name])
    }
    passing = [check for check in observed if check.name not in failing]
    alike: dict[str, set[str]] = {}
    for name in bench.mistakes:
        explained = {c.name for c in observed if c.name in telling and known.alike(name, c)}
        if explained and all(known.alike(name, check) for check in passing):
            alike[name] = explained
    left, chosen = set(telling), []
    while left and alike:
        best = max(alike, key=lambda name: len(alike[name] & left))
        if not alike[best] & left:
            break
        chosen.append((best, [name for name in failing if name in alike[best] & left]))
        left -= alike[best]
    if not chosen or 2 * len(left) > len(telling):
        return None  # a few checks may agree by chance
    return Diagnosis(chosen[0][0], _partial_text(bench, chosen, failing))


def _partial_text(bench: Workbench, chosen: list[tuple[str, list[str]]], failing: list[str]) -> str:
    parts = []
    for name, explained in chosen:
        where = ", ".join(f"“{check}”" for check in explained)
        parts.append(f"In {where}: {explanation_of(bench.mistakes[name])}")
    unexplained = set(failing) - {check for _, explained in chosen for check in explained}
    if unexplained:
        rest = ", ".join(f"“{name}”" for name in failing if name in unexplained)
        parts.append(
            f"This does not explain {rest}: something more, or something else, is wrong there."
        )
    return "\n\n".join(parts)


def _any_raised(outcomes: list[Any]) -> bool:
    return any(isinstance(outcome, dict) and "raised" in outcome for outcome in outcomes)


# Without a known mistake


def _inferred(
    bench: Workbench,
    observed: list[Check],
    record: Record,
    failing: list[str],
    seed: int,
    device: str,
) -> Diagnosis | None:
    """What the values give away, and which checks stand out."""
    calls = [
        call
        for check in observed
        if not check.judge
        for call in seen_calls(
            check,
            record.observed[check.name],
            bench.expect(check, bench.reference, seed, device),
        )
    ]
    passing = [result.name for result in record.results if result.passed]
    sentences = [*clues(calls), contrast_of_checks(observed, passing, failing)]
    text = " ".join(filter(None, sentences))
    return Diagnosis(None, text) if text else None
