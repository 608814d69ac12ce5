"""Keys on small networks by hand: gradients, recurrent cells, losses."""

from __future__ import annotations

import math
import random
from typing import Any

from question_bank.keys import Key


def draw_two_layers(rng: random.Random) -> dict[str, Any]:
    """Weights and inputs in small whole numbers; the second hidden unit is switched off."""
    while True:
        names = ("x1", "x2", "a", "b", "c", "d", "u", "v", "t")
        drawn = {name: rng.choice([-4, -3, -2, -1, 1, 2, 3, 4]) for name in names}
        x1, x2 = drawn["x1"], drawn["x2"]
        on = drawn["a"] * x1 + drawn["b"] * x2
        off = drawn["c"] * x1 + drawn["d"] * x2
        error = drawn["u"] * on - drawn["t"]
        if on > 0 > off and abs(x1) > 1 and 0 < error * drawn["u"] * x1 <= 90:
            return drawn


def first_weight_gradient(
    x1: int, x2: int, a: int, b: int, c: int, d: int, u: int, v: int, t: int
) -> Key:
    """dL/da of L = (y - t)^2 / 2, y = u relu(a x1 + b x2) + v relu(c x1 + d x2)."""
    pre1, pre2 = a * x1 + b * x2, c * x1 + d * x2
    y = u * max(pre1, 0) + v * max(pre2, 0)
    gradient = (y - t) * u * (pre1 > 0) * x1
    return Key(gradient, {"pre1": pre1, "pre2": pre2, "y": y, "error": y - t, "back": (y - t) * u})


def first_weight_no_relu(
    x1: int, x2: int, a: int, b: int, c: int, d: int, u: int, v: int, t: int
) -> float:
    """The mistake of letting the negative hidden value through."""
    y = u * (a * x1 + b * x2) + v * (c * x1 + d * x2)
    return (y - t) * u * x1


def first_weight_no_input(
    x1: int, x2: int, a: int, b: int, c: int, d: int, u: int, v: int, t: int
) -> float:
    """The mistake of stopping at the hidden value, without the factor of the input."""
    return first_weight_gradient(x1, x2, a, b, c, d, u, v, t).value / x1


def first_weight_no_second_layer(
    x1: int, x2: int, a: int, b: int, c: int, d: int, u: int, v: int, t: int
) -> float:
    """The mistake of skipping the second layer's weight on the way back."""
    return first_weight_gradient(x1, x2, a, b, c, d, u, v, t).value / u


def first_weight_doubled(
    x1: int, x2: int, a: int, b: int, c: int, d: int, u: int, v: int, t: int
) -> float:
    """The mistake of a factor 2, which the half in the loss has cancelled."""
    return 2 * first_weight_gradient(x1, x2, a, b, c, d, u, v, t).value


def forget_bias(r: float, T: int) -> float:
    """Bias b with sigmoid(b)^T = r: the logit of the T-th root of r."""
    gate = r ** (1 / T)
    return math.log(gate / (1 - gate))


def squared_error_slope(p: float) -> float:
    """d/dz of (p - 1)^2 / 2 with p = sigmoid(z): the chain rule's two factors."""
    return (p - 1) * (p * (1 - p))
