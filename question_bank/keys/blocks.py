"""Keys on the parts of a Transformer block beside attention: the gated MLP and the norms."""

from __future__ import annotations

import math
import random
from typing import Any

from question_bank.keys import Key


def swiglu_width(d: int, m: int) -> float:
    """Hidden width of a SwiGLU block with the weights of a two-matrix block of width m d.

    Shazeer 2020, arXiv 2002.05202, section 2: three matrices, so the width shrinks by 2/3.
    """
    return 2 * d * (m * d) / (3 * d)


def draw_rms(rng: random.Random) -> dict[str, Any]:
    """Four whole entries, the first positive and their mean not zero, and a gain."""
    while True:
        x = [rng.randint(1, 9), *(rng.choice([-1, 1]) * rng.randint(1, 9) for _ in range(3))]
        if abs(sum(x)) >= 4 and len(set(map(abs, x))) > 2:
            return {"x": x, "gain": rng.choice([0.5, 0.8, 1.2, 1.5, 2])}


def rms_norm_entry(x: list[int], gain: float) -> Key:
    """The first entry after RMSNorm: gain x_0 / sqrt(mean(x^2)), epsilon left out.

    Zhang and Sennrich 2019, arXiv 1910.07467, equation 4.
    """
    mean_square = sum(value**2 for value in x) / len(x)
    rms = math.sqrt(mean_square)
    return Key(gain * x[0] / rms, {"first": x[0], "mean_square": mean_square, "rms": rms})


def layer_norm_entry(x: list[int], gain: float) -> float:
    """The mistake of LayerNorm: centring first, and dividing by the standard deviation."""
    mean = sum(x) / len(x)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in x) / len(x))
    return gain * (x[0] - mean) / deviation


def unit_length_entry(x: list[int], gain: float) -> float:
    """The mistake of dividing by the length, the root of the sum instead of the mean."""
    return gain * x[0] / math.sqrt(sum(value**2 for value in x))


def rms_norm_no_gain(x: list[int]) -> float:
    """The mistake of forgetting the learned gain."""
    return rms_norm_entry(x, 1.0).value
