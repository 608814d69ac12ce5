"""What a wrong submission shows its author misunderstood.

First the drill's known mistakes: each is run on the same seed, and one that behaves like the
submission in every check is the diagnosis. Failing that, mistakes that explain most of the failing
checks. Failing that, what the numbers themselves give away (`verifiers.clues`).

A learner waits for this, so a mistake is left at the first call that it answers otherwise, and the
failing checks, where most mistakes differ, come first.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from verifiers.checks import Case, Check
from verifiers.clues import clues, contrast_of_checks
from verifiers.compare import compare_case, raised
from verifiers.conclude import Record
from verifiers.run import cases_of
from verifiers.seen import Seen, seen_calls
from verifiers.tolerance import Allowance
from verifiers.tree import Array, OnDevice, freeze, identical
from verifiers.verdict import Diagnosis
from verifiers.workbench import Workbench

MOST_ALIKE = 2  # mistakes that may look the same in a few checks, for both to be told


def diagnose(bench: Workbench, record: Record, seed: int, device: str) -> Diagnosis | None:
    """The best explanation of a failed submission, or None."""
    calls = {
        check.name: _calls(check, record) for check in bench.checks if check.name in record.observed
    }
    failing = [result.name for result in record.results if not result.passed]
    if len(record.results) == len(bench.checks):  # else a pass that would contradict is missing
        known = _Known(bench, record, calls, seed, device)
        checks = sorted(
            bench.checks,
            key=lambda check: (
                check.name not in failing,
                _patience(calls[check.name], record.expected[check.name].seconds),
            ),
        )
        for name, mistake in bench.mistakes.items():
            if all(known.alike(name, check) for check in checks):
                return Diagnosis(name, explanation_of(mistake))
        if found := _partial(bench, known, checks, failing):
            return found
    return _inferred(bench, record, [call for found in calls.values() for call in found], failing)


def _calls(check: Check, record: Record) -> list[Seen]:
    """The calls of a check beside the reference's; none where the check has a rule of its own."""
    if check.judge:
        return []
    return list(seen_calls(check, record.observed[check.name], record.expected[check.name]))


def _patience(calls: list[Seen], seconds: float) -> float:
    """How long a mistake would run until a check of so many seconds shows that it is another."""
    first = next((index for index, call in enumerate(calls, 1) if not call.right), len(calls))
    return seconds * first / len(calls) if calls else seconds


class _Known:
    """How the drill's mistakes behave on this seed, each tried at most once in each check."""

    def __init__(
        self,
        bench: Workbench,
        record: Record,
        calls: dict[str, list[Seen]],
        seed: int,
        device: str,
    ) -> None:
        self.bench, self.record, self.calls = bench, record, calls
        self.seed, self.device = seed, device
        self.answers: dict[tuple[str, str], bool] = {}

    def alike(self, name: str, check: Check) -> bool:
        """Whether the submission did in this check just what this mistake does."""
        key = (name, check.name)
        if key not in self.answers:
            native, exact = (self._cases(name, check, exact=exact) for exact in (False, True))
            observed, calls = self.record.observed[check.name], self.calls[check.name]
            self.answers[key] = behaves_alike(check, observed, native, exact, calls)
        return self.answers[key]

    def _cases(self, name: str, check: Check, *, exact: bool) -> Iterator[Case]:
        draw = self.bench.draw(check, self.seed, self.device, exact=exact, quiet=True)
        return cases_of(check, self.bench.mistakes[name], draw)


def explanation_of(mistake: Any) -> str:
    """A mistake's docstring: what its author believed, and what is true."""
    return inspect.cleandoc(mistake.__doc__ or mistake.__name__.replace("_", " "))


def behaves_alike(
    check: Check,
    observed: list[Any],
    native: Iterator[Case],
    exact: Iterator[Case],
    calls: Sequence[Seen] = (),
) -> bool:
    """Whether outcomes equal those of a known solution, natively or as in float64.

    Neither run goes further than it has to; `calls` are the same outcomes beside the reference's.
    """
    count = made = 0  # calls of the native run, and of the exact one
    for count, case in enumerate(native, 1):
        if count > len(observed):
            return False
        outcome, known = observed[count - 1], freeze(case.outcome)
        beside = calls[count - 1] if calls else None
        if beside and not beside.right and identical(known, beside.native):
            return False  # the known solution is right here, and the submission is not
        allowance = Allowance(case.scale, check.slack, strict=True)
        if compare_case(outcome, known, known, allowance) is None:
            continue
        best = next(itertools.islice(exact, count - 1 - made, None), None)
        made = count
        # A mistake that loses precision is far from `exact` itself; that excuses nobody else.
        if best is None or not _near(outcome, known, freeze(best.outcome), allowance):
            return False
    return count == len(observed)


def _near(outcome: Any, native: Any, exact: Any, allowance: Allowance) -> bool:
    return compare_case(outcome, _as_in(native, exact), exact, allowance) is None


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


# Mistakes that explain some checks


@dataclass(frozen=True)
class _Explained:
    """Failing checks, and the mistakes that behave like the submission in just these."""

    mistakes: tuple[str, ...]
    checks: frozenset[str]


def _partial(
    bench: Workbench, known: _Known, checks: list[Check], failing: list[str]
) -> Diagnosis | None:
    """The fewest mistakes that explain half of the failing checks or more, each explained once.

    A check that failed by an exception says too little to be explained by another's exception. A
    mistake that would fail where the submission passes is not what its author believes. One that
    answers the worked example, and two more checks, just as the submission does is no chance, even
    where it explains less than half.
    """
    telling = {
        name for name in failing if not any(raised(one) for one in known.record.observed[name])
    }
    passing = [check for check in checks if check.name not in failing]
    examples = {check.name for check in checks if check.example} & telling
    found: dict[str, set[str]] = {name: set() for name in bench.mistakes}
    names = list(found)
    unexplained = 0
    for check in sorted(checks, key=lambda check: not check.example):
        if check.name not in telling:
            continue
        like = [name for name in names if known.alike(name, check)]
        unexplained += not like
        for name in like:
            found[name].add(check.name)
        if 2 * unexplained > len(telling):
            names = [name for name in names if found[name] & examples]
    alike = {
        name: frozenset(explained)
        for name, explained in found.items()
        if explained and all(known.alike(name, check) for check in passing)
    }
    chosen = list(_fewest(alike, telling))
    left = telling.difference(*(part.checks for part in chosen))
    if 2 * len(left) > len(telling):  # a few checks may agree by chance
        chosen = [part for part in chosen if part.checks & examples and len(part.checks) >= 3]
    if not chosen:
        return None
    first = chosen[0].mistakes
    return Diagnosis(first[0] if len(first) == 1 else None, _partial_text(bench, chosen, failing))


def _fewest(alike: dict[str, frozenset[str]], telling: set[str]) -> Iterator[_Explained]:
    """Mistakes that between them explain as much as can be, the most telling first.

    Where too many mistakes look the same, none of them is what the submission shows.
    """
    left = set(telling)
    while left and alike:
        most = max((checks & left for checks in alike.values()), key=len)
        if not most:
            return
        names = tuple(name for name, checks in alike.items() if checks & left == most)
        left -= most
        if len(names) <= MOST_ALIKE:
            yield _Explained(names, most)


def _partial_text(bench: Workbench, chosen: list[_Explained], failing: list[str]) -> str:
    parts = []
    for part in chosen:
        where = _quoted(name for name in failing if name in part.checks)
        text = "\n\nOr: ".join(explanation_of(bench.mistakes[name]) for name in part.mistakes)
        parts.append(f"In {where}: {text}")
    explained = frozenset[str]().union(*(part.checks for part in chosen))
    if rest := _quoted(name for name in failing if name not in explained):
        parts.append(
            f"This does not explain {rest}: something more, or something else, is wrong there."
        )
    return "\n\n".join(parts)


def _quoted(names: Iterator[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


# Without a known mistake


def _inferred(
    bench: Workbench, record: Record, calls: list[Seen], failing: list[str]
) -> Diagnosis | None:
    """What the values give away, and which checks stand out."""
    complete = len(record.results) == len(bench.checks)
    ruled = any(check.judge for check in bench.checks if check.name in failing)
    sentences = clues(calls, rest_right=complete and not ruled)
    if complete:
        sentences.append(contrast_of_checks(bench.checks, failing))
    text = " ".join(filter(None, sentences))
    return Diagnosis(None, text) if text else None
