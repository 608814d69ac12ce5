"""Keys on positions: RoPE's wavelengths, stretching its base, ALiBi's slopes."""

from __future__ import annotations

import math
import random
from typing import Any

from question_bank.keys import Key


def draw_rope_pair(rng: random.Random) -> dict[str, Any]:
    """A RoPE base, a head width, and a pair of it that is neither the first nor the last."""
    head_dim = rng.choice([64, 80, 96, 128, 256])
    return {
        "base": rng.choice([10_000, 50_000, 500_000, 1_000_000]),
        "head_dim": head_dim,
        "pair": rng.randint(head_dim // 16, 3 * head_dim // 8),
    }


def rope_wavelength(base: float, head_dim: int, pair: int) -> Key:
    """Tokens in which pair i (from 0) of a head turns once: 2 pi base^(2i / d).

    Su et al. 2021, arXiv 2104.09864, section 3.2.2; Peng et al. 2023 (YaRN), arXiv 2309.00071.
    Raises ValueError for a pair the head does not have.
    """
    if not 0 <= pair < head_dim // 2:
        raise ValueError("a head of width d has pairs 0 to d/2 - 1")
    angle = base ** (-2 * pair / head_dim)
    return Key(2 * math.pi / angle, {"angle": angle, "inverse": 1 / angle})


def rope_wavelength_no_pi(base: float, head_dim: int, pair: int) -> float:
    """The mistake of taking 1 / angle, the tokens per radian."""
    return base ** (2 * pair / head_dim)


def rope_wavelength_half_exponent(base: float, head_dim: int, pair: int) -> float:
    """The mistake of the exponent i / d, as if every entry had an angle of its own."""
    return 2 * math.pi * base ** (pair / head_dim)


def rope_wavelength_next(base: float, head_dim: int, pair: int) -> float:
    """The mistake of counting the pairs from 1."""
    return 2 * math.pi * base ** (2 * (pair - 1) / head_dim)


def ntk_base(b: float, s: float, d: float) -> float:
    """The RoPE base that slows the slowest pair by exactly s and leaves the fastest alone.

    b s^(d / (d - 2)): Peng et al. 2023 (YaRN), arXiv 2309.00071, section 3.1. Raises ValueError
    for d of 2 or less, where there is only one pair.
    """
    if d <= 2:
        raise ValueError("a head needs at least two pairs")
    return float(b * s ** (d / (d - 2)))


def draw_alibi(rng: random.Random) -> dict[str, Any]:
    """A head of an ALiBi layer and two keys at different distances from the query."""
    n_heads = rng.choice([8, 16, 32])
    while True:
        head = rng.randint(2, n_heads)
        near = rng.randint(1, 40)
        far = near + rng.randint(2, 120)
        if 0.3 <= 2 ** (-8 * head / n_heads) * (far - near) <= 4:
            return {"n_heads": n_heads, "head": head, "near": near, "far": far}


def alibi_ratio(n_heads: int, head: int, near: int, far: int) -> Key:
    """How many times the weight of a key `far` away a key `near` gets, content being equal.

    Head h of n (from 1) subtracts 2^(-8h/n) x distance from its scores: Press et al. 2021, arXiv
    2108.12409, section 3.
    """
    slope = 2 ** (-8 * head / n_heads)
    return Key(math.exp(slope * (far - near)), {"slope": slope, "gap": far - near})


def alibi_ratio_linear(n_heads: int, head: int, near: int, far: int) -> float:
    """The mistake of reading the difference of the biases as the ratio of the weights."""
    return 2 ** (-8 * head / n_heads) * (far - near)


def alibi_ratio_from_zero(n_heads: int, head: int, near: int, far: int) -> float:
    """The mistake of counting heads from 0, which makes the slope too large."""
    return alibi_ratio(n_heads, head - 1, near, far).value


def alibi_ratio_of_distances(near: int, far: int) -> float:
    """The mistake of letting weights fall in proportion to distance."""
    return far / near


def draw_rope_score(rng: random.Random) -> dict[str, Any]:
    """A query and a key with one pair of entries, an angle, and two positions."""
    entries = rng.sample([1, 2, 3, 4], 4)
    key_position = rng.randint(3, 60)
    return {
        "q": entries[:2],
        "k": entries[2:],
        "theta": rng.choice([0.05, 0.1, 0.15, 0.2, 0.25]),
        "m": key_position + rng.randint(1, 8),
        "n": key_position,
    }


def rope_score(q: list[int], k: list[int], theta: float, m: int, n: int) -> Key:
    """The score of one rotated pair: q turned by m theta, dotted with k turned by n theta.

    (q0 k0 + q1 k1) cos a + (q0 k1 - q1 k0) sin a with a = (m - n) theta: Su et al. 2021, arXiv
    2104.09864, section 3.2.1. Raises ValueError where the score is below 0.3.
    """
    angle = (m - n) * theta
    plain, crossed = q[0] * k[0] + q[1] * k[1], q[0] * k[1] - q[1] * k[0]
    score = plain * math.cos(angle) + crossed * math.sin(angle)
    if score < 0.3:
        raise ValueError("a small or negative score is awkward to grade")
    return Key(score, {"plain": plain, "crossed": crossed, "angle": angle, "distance": m - n})


def rope_score_unrotated(q: list[int], k: list[int]) -> float:
    """The mistake of forgetting the rotation."""
    return q[0] * k[0] + q[1] * k[1]


def rope_score_cosine_only(q: list[int], k: list[int], theta: float, m: int, n: int) -> float:
    """The mistake of scaling the plain score by the cosine of the angle."""
    return (q[0] * k[0] + q[1] * k[1]) * math.cos((m - n) * theta)


def rope_score_wrong_way(q: list[int], k: list[int], theta: float, m: int, n: int) -> float:
    """The mistake of turning the wrong way: the sign of the distance."""
    angle = (n - m) * theta
    plain, crossed = q[0] * k[0] + q[1] * k[1], q[0] * k[1] - q[1] * k[0]
    return plain * math.cos(angle) + crossed * math.sin(angle)
