"""Keys on decoding: what filters leave, what penalties cost, what speculation gains."""

from __future__ import annotations

import math
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


def top_p_flat_tail(n_vocab: int, leader: float, p: float) -> Key:
    """Tokens that top-p keeps when one token has `leader` and all others share the rest evenly.

    Holtzman et al. 2019, arXiv 1904.09751, section 3.1. Raises ValueError where the leader alone
    reaches p.
    """
    if leader >= p:
        raise ValueError("the leader alone should not reach p")
    share = Fraction(str(1 - leader)).limit_denominator(1000) / (n_vocab - 1)
    missing = Fraction(str(p)) - Fraction(str(leader))
    return Key(1 + math.ceil(missing / share), {"share": float(share), "missing": float(missing)})


def min_p_logit_gap(T: float, m: float) -> float:
    """How far below the leader a kept token's logit may lie: -T ln m.

    Temperature first, then min-p: exp(-gap / T) >= m. Nguyen et al. 2024, arXiv 2407.01082,
    section 3. Raises ValueError unless 0 < m <= 1 and T > 0.
    """
    if not 0 < m <= 1 or T <= 0:
        raise ValueError("min-p lies in (0, 1] and the temperature is positive")
    return -T * math.log(m)


def odds_at_temperature(ratio: float, temperature: float) -> Key:
    """How many times as likely one token is as another, given the ratio at temperature 1.

    The logits differ by ln(ratio), and the temperature divides that: ratio^(1 / T).
    """
    return Key(ratio ** (1 / temperature), {"gap": math.log(ratio), "power": 1 / temperature})


def odds_linear(ratio: float, temperature: float) -> float:
    """The mistake of dividing the ratio itself by the temperature."""
    return ratio / temperature


def odds_inverse(ratio: float, temperature: float) -> float:
    """The mistake of raising to T instead of 1 / T."""
    return float(ratio**temperature)


def draw_penalties(rng: random.Random) -> dict[str, Any]:
    """A token's count, the two penalties and a temperature, with a factor that stays readable."""
    while True:
        drawn: dict[str, Any] = {
            "count": rng.randint(2, 9),
            "frequency": rng.choice([0.1, 0.2, 0.3, 0.4, 0.5]),
            "presence": rng.choice([0.2, 0.3, 0.4, 0.6, 0.8]),
            "temperature": rng.choice([0.5, 0.7, 0.8, 1.2, 1.5]),
        }
        if math.log(penalty_factor(**drawn).value) <= 4.5:
            return drawn


def penalty_factor(count: int, frequency: float, presence: float, temperature: float) -> Key:
    """By what factor penalties divide a used token's odds against an unused one.

    exp((count x frequency + presence) / T): the logit loses count x frequency + presence (OpenAI
    API reference, frequency and presence penalties), then the temperature divides it.
    """
    lost = count * frequency + presence
    return Key(math.exp(lost / temperature), {"lost": lost, "scaled": lost / temperature})


def penalty_presence_each_time(
    count: int, frequency: float, presence: float, temperature: float
) -> float:
    """The mistake of paying the presence penalty at every use."""
    return math.exp(count * (frequency + presence) / temperature)


def penalty_frequency_once(frequency: float, presence: float, temperature: float) -> float:
    """The mistake of paying the frequency penalty once only."""
    return math.exp((frequency + presence) / temperature)


def penalty_without_temperature(count: int, frequency: float, presence: float) -> float:
    """The mistake of leaving the temperature out."""
    return math.exp(count * frequency + presence)


def tail_accident(t: float, n: int) -> float:
    """Chance that n sampled tokens hold at least one from a tail of mass t per step.

    1 - (1 - t)^n for independent steps. Raises ValueError unless 0 <= t <= 1.
    """
    if not 0 <= t <= 1:
        raise ValueError("the mass of the tail lies in [0, 1]")
    return float(1 - (1 - t) ** n)
