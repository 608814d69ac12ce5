"""Judging samples: does what a sampler drew follow the law it should?

A check for a sampler yields how often each outcome was drawn; the trusted process compares the
counts with the law. A right sampler fails such a check with probability at most `FALSE_ALARM`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from verifiers.tree import Array, OnDevice

FALSE_ALARM = 1e-7  # a right sampler is refused less than once in ten million judgements
SMALL = 5.0  # expected counts below this are pooled, as the chi-square law needs


def same_distribution(false_alarm: float = FALSE_ALARM) -> Callable[[Any, Any], str | None]:
    """A judge for `@check(..., judge=same_distribution())`.

    The check yields `Case(call, {"counts": …, "probabilities": …})`. The counts are taken from the
    submission, the probabilities only ever from the reference.
    """

    def judge(observed: Any, expected: Any) -> str | None:
        counts, law = _vector(observed["counts"]), _vector(expected["probabilities"])
        if counts.shape != law.shape:
            return f"expected {law.numel()} outcomes, got {counts.numel()}"
        if (counts < 0).any() or counts.sum() != _vector(expected["counts"]).sum():
            return "the number of samples is not the number asked for"
        impossible = (counts > 0) & (law == 0)
        if impossible.any():
            index = int(impossible.nonzero()[0])
            return f"outcome {index} was drawn, and it has probability 0"
        p_value = goodness_of_fit(counts.tolist(), law.tolist())
        if p_value < false_alarm:
            worst = int((counts - counts.sum() * law).abs().argmax())
            share = (counts[worst] / counts.sum()).item()
            return (
                f"the samples do not follow the law: outcome {worst} came in {share:.2%} of draws "
                f"and should in {law[worst].item():.2%} (p-value {p_value:.1e})"
            )
        return None

    return judge


def goodness_of_fit(counts: Sequence[float], probabilities: Sequence[float]) -> float:
    """The p-value of Pearson's chi-square test of counts against a law.

    Outcomes with small expected counts are pooled into one. With a single class left there is
    nothing to test and the p-value is 1. P(χ²_k ≥ x) = Q(k/2, x/2), the regularised upper
    incomplete gamma function (Abramowitz & Stegun, 26.4.19).
    """
    total = sum(counts)
    pooled: list[tuple[float, float]] = []
    rest_count = rest_expected = 0.0
    for count, probability in zip(counts, probabilities, strict=True):
        if total * probability < SMALL:
            rest_count, rest_expected = rest_count + count, rest_expected + total * probability
        else:
            pooled.append((count, total * probability))
    if rest_expected > 0:
        pooled.append((rest_count, max(rest_expected, SMALL)))
    if len(pooled) < 2:
        return 1.0
    statistic = sum((count - expected) ** 2 / expected for count, expected in pooled)
    half = torch.tensor([(len(pooled) - 1) / 2, statistic / 2], dtype=torch.float64)
    return torch.special.gammaincc(half[0], half[1]).item()


def _vector(value: Any) -> torch.Tensor:
    if isinstance(value, OnDevice | Array):
        return value.values.double().reshape(-1)
    return torch.tensor(value, dtype=torch.float64)
