"""What `train_example.py` measured once: a small model tuned in full and with LoRA."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Losses:
    """Nats a byte on held-out prose. `lora` and `cut` are by rank.

    `cut` is the fully tuned model with its update of every matrix cut to that rank.
    """

    base: float
    full: float
    lora: dict[int, float]
    cut: dict[int, float]

    def gained(self, loss: float) -> float:
        """The share of full tuning's gain that a loss keeps: 0 untuned, 1 as good as full."""
        return (self.base - loss) / (self.base - self.full)


@functools.cache
def losses() -> Losses:
    """The losses of `example.json`."""
    told = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
    by_rank = [{int(rank): loss for rank, loss in told[key].items()} for key in ("lora", "cut")]
    return Losses(told["base"], told["full"], *by_rank)


@functools.cache
def matrix(name: str) -> Array:
    """`q_before`, `q_update`, `v_before`, `v_update`, or `random`: shape (128, 128)."""
    if name == "random":
        return np.random.default_rng(0).standard_normal((128, 128))
    with np.load(HERE / "example.npz") as arrays:
        return arrays[name].astype(np.float64)


@functools.cache
def truncation_errors(name: str) -> tuple[float, ...]:
    """‖M - M_r‖ / ‖M‖ for r = 0, 1, …: what the best matrix of rank r leaves (Eckart and Young).

    M_r keeps the r largest singular values of M, so the error is made of the rest.
    """
    squares = np.linalg.svd(matrix(name), compute_uv=False) ** 2
    left = np.concatenate([np.cumsum(squares[::-1])[::-1], [0.0]])
    return tuple(np.sqrt(left / left[0]).tolist())
