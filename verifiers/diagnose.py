"""What a wrong submission shows its author misunderstood.

First the drill's known mistakes: each is run on the same seed, and one that behaves like the
submission in every check is the diagnosis. Failing that, mistakes that explain some of the failing
checks. Failing that, what the numbers themselves give away: a constant factor, a swapped axis,
precision lost, or the one property that separates the failing checks from the passing ones.
"""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from verifiers.checks import Check
from verifiers.compare import Allowance, compare, compare_case, largest_value
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
        if compare_case(outcome, native, native, allowance) is not None and (
            len(expected.exact) <= index
            or compare_case(outcome, native, expected.exact[index], allowance) is not None
        ):
            return False
    return True


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
    clues: list[str] = []
    for check in observed:
        if check.name in failing and not check.judge:
            expected = bench.expect(check, bench.reference, seed, device)
            clue = _first_clue(check, record.observed[check.name], expected)
            if clue and clue not in clues:
                clues.append(clue)
    contrast = _contrast(observed, record, failing)
    text = " ".join([*clues[:2], *([contrast] if contrast else [])])
    return Diagnosis(None, text) if text else None


def _contrast(observed: list[Check], record: Record, failing: list[str]) -> str:
    """What the failing checks have in common that the passing ones lack."""
    passing = [result.name for result in record.results if result.passed]
    if not passing or not 0 < len(failing) <= 2:
        return ""
    only = " and ".join(f"“{name}”" for name in failing)
    advice = " ".join(
        inspect.cleandoc(check.run.__doc__ or "") for check in observed if check.name in failing
    )
    verb = "fails" if len(failing) == 1 else "fail"
    return f"Everything else is right; only {only} {verb}. {advice}".strip()


def _first_clue(check: Check, observed: list[Any], expected: Expected) -> str | None:
    """What the first wrong result gives away. A right one beside it says nothing."""
    for index, outcome in enumerate(observed[: len(expected.exact)]):
        exact = expected.exact[index]
        scale = max(expected.scales[index], largest_value(exact))
        got, native, want = map(_returned, (outcome, expected.native[index], exact))
        if compare(got, native, want, Allowance(scale, check.slack)) is None:
            continue
        values, kind, right = _numbers(got), _numbers(native), _numbers(want)
        if values is None or kind is None or right is None or values.dtype != kind.dtype:
            continue
        clue = relation(values.double(), right.double())
        if clue:
            return clue
    return None


def _returned(outcome: Any) -> Any:
    return outcome.get("returned") if isinstance(outcome, dict) else outcome


def _numbers(value: Any) -> Tensor | None:
    if isinstance(value, OnDevice | Array):
        return value.values
    if type(value) in (int, float):
        return torch.tensor(float(value), dtype=torch.float64)
    return None


def relation(got: Tensor, want: Tensor) -> str | None:
    """How a wrong result relates to the right one, in a sentence, if simply."""
    if got.shape != want.shape:
        if got.dim() >= 2 and got.transpose(-1, -2).shape == want.shape:
            return _transposed(got, want)
        return None
    if not want.numel() or torch.equal(got, want) or not torch.isfinite(got).all():
        return None
    size = want.abs().max().item()
    error = (got - want).abs().max().item()
    if 0 < error < 1e-5 * size:
        return (
            f"The values are right to about {error / size:.0e}, which is float32 precision or a "
            "small constant in the wrong place."
        )
    return _factor(got, want) or _offset(got, want, size) or _transposed(got, want)


def _factor(got: Tensor, want: Tensor) -> str | None:
    size = want.abs().max()
    ratio = (got / want)[want.abs() > 1e-3 * size]
    if not ratio.numel() or want.numel() < 2:
        return None
    middle = ratio.median().item()
    if abs(middle) < 1e-9 or (ratio - middle).abs().max() > 1e-4 * abs(middle):
        return None
    if abs(middle - 1) < 1e-3 or (got - middle * want).abs().max() > 1e-4 * abs(middle) * size:
        return None
    if abs(middle + 1) < 1e-4:
        return "The result has the wrong sign everywhere; the values are right otherwise."
    return f"The result is right up to a constant factor of {middle:.4g}{_as_root(middle)}."


def _as_root(factor: float) -> str:
    """` = √8` where the factor is a root or a ratio of small integers."""
    for value, template in ((factor, "{}"), (1 / factor, "1/{}")):
        square = value * value
        if value > 0 and 2 <= round(square) <= 4096 and abs(square - round(square)) < 1e-3 * square:
            root = math.isqrt(round(square))
            inner = str(root) if root * root == round(square) else f"√{round(square)}"
            known = template == "{}" and inner == f"{factor:.4g}"
            return "" if known else f" = {template.format(inner)}"
    return ""


def _offset(got: Tensor, want: Tensor, size: float) -> str | None:
    difference = got - want
    middle = difference.median().item()
    if want.numel() > 2 and (difference - middle).abs().max() < 1e-5 * max(size, abs(middle)):
        return f"Every value is off by the same amount, {middle:.4g}."
    return None


def _transposed(got: Tensor, want: Tensor) -> str | None:
    if got.dim() < 2 or got.transpose(-1, -2).shape != want.shape:
        return None
    if torch.allclose(got.transpose(-1, -2), want, rtol=1e-4, atol=1e-6):
        return "The result is the transpose of the right one: its last two axes are swapped."
    return None
