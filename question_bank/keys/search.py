"""Keys on whole sequences: beam search, length penalties, perplexity, speculative acceptance."""

from __future__ import annotations

import math
import random
from typing import Any

from question_bank.keys import Key


def draw_beam(rng: random.Random) -> dict[str, Any]:
    """Three first tokens in per cent and the best second token after each.

    Greedy, a beam of two, and exhaustive search each find another sequence.
    """
    while True:
        a, b, c = sorted(rng.sample(range(12, 50), 3), reverse=True)
        x, y, z = rng.randint(20, 60), rng.randint(30, 90), rng.randint(50, 98)
        if a + b + c <= 100 and 1.15 * a * x < b * y and 1.15 * b * y < c * z:
            return {"first": [a, b, c], "second": [x, y, z]}


def beam_two(first: list[int], second: list[int]) -> Key:
    """Probability of the sequence that beam search of width 2 returns over two steps."""
    products = [p * q / 10_000 for p, q in zip(first, second, strict=True)]
    kept = sorted(range(len(first)), key=lambda i: -first[i])[:2]
    a, b, c = products
    return Key(max(products[i] for i in kept), {"a": a, "b": b, "c": c})


def beam_greedy(first: list[int], second: list[int]) -> float:
    """The mistake of following the likeliest first token."""
    return first[0] * second[0] / 10_000


def beam_exhaustive(first: list[int], second: list[int]) -> float:
    """The mistake of taking the likeliest sequence of all, whose first token was pruned."""
    return first[2] * second[2] / 10_000


def draw_hypotheses(rng: random.Random) -> dict[str, Any]:
    """A short and a long finished hypothesis: tokens, and minus the log-probability."""
    while True:
        short, long = rng.randint(4, 12), rng.randint(6, 24)
        drawn: dict[str, Any] = {
            "short": short,
            "long": long,
            "nats_short": rng.randint(25, 90) / 10,
            "nats_long": rng.randint(30, 150) / 10,
        }
        likelier = drawn["nats_short"] < drawn["nats_long"]
        if likelier and long > short + 1 and 0.2 <= length_penalty_tie(**drawn).value <= 1.5:
            return drawn


def length_penalty_tie(short: int, long: int, nats_short: float, nats_long: float) -> Key:
    """The exponent of the length at which two hypotheses score the same.

    log P / L^x is equal for both at x = ln(S_long / S_short) / ln(L_long / L_short). The form is
    that of Hugging Face transformers (BeamHypotheses). Raises ValueError unless the longer one is
    the less probable.
    """
    if long <= short or nats_long <= nats_short:
        raise ValueError("the longer hypothesis should be the less probable one")
    ratio_nats, ratio_length = nats_long / nats_short, long / short
    shown = {"ratio_nats": ratio_nats, "ratio_length": ratio_length}
    return Key(math.log(ratio_nats) / math.log(ratio_length), shown)


def length_penalty_ratio(short: int, long: int, nats_short: float, nats_long: float) -> float:
    """The mistake of dividing the ratios instead of their logarithms."""
    return (nats_long / nats_short) / (long / short)


def length_penalty_inverse(short: int, long: int, nats_short: float, nats_long: float) -> float:
    """The mistake of dividing the other way round."""
    return math.log(long / short) / math.log(nats_long / nats_short)


def length_penalty_bonus(short: int, long: int, nats_short: float, nats_long: float) -> float:
    """The mistake of a bonus per token, which is another scheme."""
    return (nats_long - nats_short) / (long - short)


def perplexity(percents: list[int]) -> Key:
    """exp of the mean negative log-probability of the tokens, which are given in per cent."""
    nats = -sum(math.log(percent / 100) for percent in percents)
    shown = {"nats": nats, "mean": nats / len(percents), "n_tokens": len(percents)}
    return Key(math.exp(nats / len(percents)), shown)


def draw_percents(rng: random.Random) -> dict[str, Any]:
    """Probabilities of four or five tokens in per cent, some large and one small."""
    easy = [rng.choice([40, 50, 60, 70, 80, 90, 95]) for _ in range(rng.randint(2, 3))]
    hard = [rng.choice([2, 4, 5, 8, 10, 15, 20, 25]) for _ in range(2)]
    percents = easy + hard
    rng.shuffle(percents)
    return {"percents": percents}


def perplexity_mean_inverse(percents: list[int]) -> float:
    """The mistake of averaging 1 / p."""
    return sum(100 / percent for percent in percents) / len(percents)


def perplexity_inverse_mean(percents: list[int]) -> float:
    """The mistake of inverting the average probability."""
    return 100 * len(percents) / sum(percents)


def perplexity_whole_text(percents: list[int]) -> float:
    """The mistake of leaving out the mean: 1 over the probability of the whole text."""
    return math.exp(perplexity(percents).shown["nats"])


def bits_per_byte(P: float, N: int, B: int) -> float:
    """Bits per byte of a text of N tokens and B bytes at perplexity P: N log2(P) / B."""
    return N * math.log2(P) / B


def draw_draft(rng: random.Random) -> dict[str, Any]:
    """Distributions of a target p and a draft q over four tokens, in whole per cent."""
    while True:
        p, q = (_four(rng), _four(rng))
        if 35 <= sum(map(min, p, q)) <= 92 and p != q:
            return {"p": p, "q": q}


def _four(rng: random.Random) -> list[int]:
    """Four shares of 100, all even so that they add up in the head, none of them empty."""
    cuts = sorted(rng.sample(range(1, 50), 3))
    return [2 * (b - a) for a, b in zip([0, *cuts], [*cuts, 50], strict=True)]


def acceptance(p: list[int], q: list[int]) -> Key:
    """Chance that speculative sampling accepts a token drafted from q, both in per cent.

    sum of min(p, q) = 1 - total variation: Leviathan et al. 2022, arXiv 2211.17192, section 3.2.
    """
    smaller = [min(a, b) for a, b in zip(p, q, strict=True)]
    return Key(sum(smaller) / 100, {"smaller": smaller})


def acceptance_same_draw(p: list[int], q: list[int]) -> float:
    """The mistake of the chance that both models draw the same token."""
    return sum(a * b for a, b in zip(p, q, strict=True)) / 10_000


def acceptance_l1(p: list[int], q: list[int]) -> float:
    """The mistake of 1 minus the sum of absolute differences, which counts each twice."""
    return max(0.0, 1 - sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 100)


def acceptance_rejected(p: list[int], q: list[int]) -> float:
    """The mistake of giving the chance of a rejection."""
    return 1 - acceptance(p, q).value
