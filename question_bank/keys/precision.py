"""Keys on number formats: the largest value, the gap between neighbours."""

from __future__ import annotations

import math
import random
from typing import Any

from question_bank.keys import Key

MANTISSA = {"FP32": 23, "TF32": 10, "FP16": 10, "BF16": 7}


def largest_float(E: int, m: int) -> float:
    """Largest finite value with largest exponent E and m stored mantissa bits (IEEE 754)."""
    return math.ldexp(2 ** (m + 1) - 1, E - m)


def draw_float(rng: random.Random) -> dict[str, Any]:
    """A weight of two significant digits between 0.01 and 99, and a 16-bit format."""
    value = rng.randint(10, 99) * rng.choice([1e-3, 1e-2, 1e-1, 1.0])
    return {"value": round(value, 3), "form": rng.choice(["FP16", "BF16"])}


def float_gap(value: float, form: str) -> Key:
    """Distance from a normal value to the next larger one: 2^(floor(log2 value) - m)."""
    exponent = math.frexp(value)[1] - 1
    gap = 2.0 ** (exponent - MANTISSA[form])
    shown = {"exponent": exponent, "mantissa": MANTISSA[form], "low": 2.0**exponent}
    return Key(gap, {**shown, "high": 2.0 ** (exponent + 1), "half": gap / 2})


def float_gap_relative(value: float, form: str) -> float:
    """The mistake of taking the machine epsilon times the value."""
    return value * 2.0 ** -MANTISSA[form]


def float_gap_at_one(form: str) -> float:
    """The mistake of taking the gap next to 1 for the gap everywhere."""
    return 2.0 ** -MANTISSA[form]


def float_gap_one_bit_more(value: float, form: str) -> float:
    """The mistake of counting the leading 1 as a further stored bit."""
    return float_gap(value, form).value / 2
