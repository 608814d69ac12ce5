"""Keys on decoding: what filters leave, what speculation gains."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from question_bank.keys import Key


def draw_top_p(rng: random.Random) -> dict[str, Any]:
    """Eight token probabilities in whole per cent, summing to 100, in no order, and a p."""
    while True:
        cuts = sorted(rng.sample(range(1, 100), 7))
        percents = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
        if len(set(percents)) >= 7 and max(percents) <= 45:
            return {"percents": percents, "p": rng.choice([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9])}


def top_p_leader(percents: list[int], p: float) -> Key:
    """Probability of the most likely token after top-p and renormalising, a ratio.

    The kept set is the smallest prefix of the descending order whose sum reaches p (Holtzman et
    al. 2019, arXiv 1904.09751, section 3.1); the token that crosses p is kept.
    """
    ordered = sorted(percents, reverse=True)
    kept: list[int] = []
    while sum(kept) < Fraction(str(p)) * 100:
        kept.append(ordered[len(kept)])
    return Key(kept[0] / sum(kept), {"kept": kept, "n_kept": len(kept), "kept_sum": sum(kept)})


def top_p_leader_crossing_dropped(percents: list[int], p: float) -> float:
    """The mistake of keeping only tokens whose running sum stays within p."""
    ordered = sorted(percents, reverse=True)
    kept = [x for i, x in enumerate(ordered) if sum(ordered[: i + 1]) <= Fraction(str(p)) * 100]
    return ordered[0] / (sum(kept) or ordered[0])


def top_p_leader_not_rescaled(percents: list[int], p: float) -> float:
    """The mistake of cutting the tail without sharing its mass out again."""
    return max(percents) / 100


def top_p_leader_divided_by_p(percents: list[int], p: float) -> float:
    """The mistake of dividing by p rather than by the mass that was really kept."""
    return max(percents) / (100 * p)


def speculative_tokens(a: float, k: int) -> float:
    """Expected tokens per call of the large model, with k drafted and acceptance rate a.

    (1 - a^(k+1)) / (1 - a): Leviathan et al. 2022, arXiv 2211.17192, equation 1. Raises
    ValueError outside 0 <= a < 1.
    """
    if not 0 <= a < 1:
        raise ValueError("the acceptance rate lies in [0, 1)")
    return float((1 - a ** (k + 1)) / (1 - a))
