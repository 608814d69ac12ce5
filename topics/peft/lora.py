"""What LoRA trains: parameters by place, and a small training run that shows what the scale does.

h = W x + scale · B A x with W (d_out, d_in), A (r, d_in), B (d_out, r); scale = alpha / r.
Source: Hu et al., "LoRA" (arXiv:2106.09685), section 4.1; alpha / √r: arXiv:2312.03732.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from topics.memory.models import ModelShape

Array = NDArray[np.float64]

TARGETS: dict[str, tuple[str, ...]] = {
    "q, v": ("q_proj", "v_proj"),
    "q, k, v, o": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "feed-forward": ("gate_proj", "up_proj", "down_proj"),
    "all linear": (
        *("q_proj", "k_proj", "v_proj", "o_proj"),
        *("gate_proj", "up_proj", "down_proj"),
    ),
}


def trainable_by_matrix(model: ModelShape, targets: tuple[str, ...], rank: int) -> dict[str, int]:
    """Parameters that LoRA adds to each matrix of one layer: r (d_in + d_out), or 0."""
    return {
        name: rank * sum(shape) if name in targets else 0 for name, shape in model.linears().items()
    }


def trainable_parameters(model: ModelShape, targets: tuple[str, ...], rank: int) -> int:
    """Parameters of all A and B of a model."""
    return model.n_layers * sum(trainable_by_matrix(model, targets, rank).values())


def scale_of(rule: str, alpha: float, rank: int) -> float:
    """`alpha / r` as in the paper, or `alpha / √r` as in rank-stabilised LoRA."""
    return alpha / (math.sqrt(rank) if rule == "alpha / √r" else rank)


def initial_factors(start: str, rank: int, d_out: int, d_in: int) -> tuple[Array, Array]:
    """A (r, d_in) and B (d_out, r): uniform within ±1/√fan_in, or zero where `start` says so."""
    rng = np.random.default_rng(1)
    a = rng.uniform(-1, 1, (rank, d_in)) / math.sqrt(d_in)
    b = rng.uniform(-1, 1, (d_out, rank)) / math.sqrt(rank)
    if start in ("A = 0", "both zero"):
        a = np.zeros_like(a)
    if start in ("B = 0", "both zero"):
        b = np.zeros_like(b)
    return a, b


class Adam:
    """Adam on one array, in place; beta1 0.9, beta2 0.999, no weight decay."""

    def __init__(self, values: Array, learning_rate: float) -> None:
        self.values, self.learning_rate = values, learning_rate
        self.first, self.second, self.steps = np.zeros_like(values), np.zeros_like(values), 0

    def step(self, gradient: Array) -> None:
        """Move the values against the gradient."""
        self.steps += 1
        self.first += 0.1 * (gradient - self.first)
        self.second += 0.001 * (gradient**2 - self.second)
        mean = self.first / (1 - 0.9**self.steps)
        spread = np.sqrt(self.second / (1 - 0.999**self.steps))
        self.values -= self.learning_rate * mean / (spread + 1e-8)


def fit_update(
    target: Array, scale: float, a: Array, b: Array, steps: int, learning_rate: float
) -> list[float]:
    """Train A and B so that scale · B A approaches `target` (d_out, d_in), the update wanted.

    The loss is what remains, ‖scale · B A - target‖² / ‖target‖², before each step and at the end.
    """
    a, b, size = a.copy(), b.copy(), float((target**2).sum())
    adam_a, adam_b = Adam(a, learning_rate), Adam(b, learning_rate)
    losses = []
    for _ in range(steps):
        residual = scale * b @ a - target  # (d_out, d_in)
        losses.append(float((residual**2).sum()) / size)
        grad_b, grad_a = scale * residual @ a.T, scale * b.T @ residual
        adam_b.step(grad_b)
        adam_a.step(grad_a)
    losses.append(float(((scale * b @ a - target) ** 2).sum()) / size)
    return losses


@functools.cache
def wanted_update(size: int = 32) -> Array:
    """A made-up update, (size, size): singular values 1, 0.8, 0.64 … in random directions."""
    rng = np.random.default_rng(0)
    left, _ = np.linalg.qr(rng.standard_normal((size, size)))
    right, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return left * 0.8 ** np.arange(size) @ right
