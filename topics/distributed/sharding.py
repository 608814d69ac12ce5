"""What one GPU holds under ZeRO, and an MLP cut in two ways with the number of all-reduces needed.

Sources: ZeRO (arXiv:1910.02054), figure 1 and section 7; Megatron-LM (arXiv:1909.08053), section 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ModelState:
    """Bytes per GPU."""

    weights: float
    gradients: float
    optimizer: float

    @property
    def total(self) -> float:
        """All three."""
        return self.weights + self.gradients + self.optimizer


def zero_state(n_params: float, n_gpus: int, stage: int) -> ModelState:
    """Stage 1 shards the optimiser (12 bytes a parameter), 2 the gradients too, 3 the weights too.

    bf16 or fp16 weights and gradients, 2 bytes each; fp32 master weights and two Adam moments.
    """
    shard = [1 / n_gpus if stage >= needed else 1.0 for needed in (3, 2, 1)]
    return ModelState(2 * n_params * shard[0], 2 * n_params * shard[1], 12 * n_params * shard[2])


def zero_sent_per_step(n_params: float, n_gpus: int, stage: int) -> float:
    """Bytes each GPU sends in a step: a ring all-reduce, or its halves with weights gathered twice.

    Reduce-scatter and all-gather send (n - 1)/n of the payload each. Stages 0 to 2 need one of
    each; stage 3 gathers the weights for the forward and again for the backward pass.
    """
    passes = 3 if stage == 3 else 2
    return passes * (n_gpus - 1) / n_gpus * 2 * n_params


def gelu(x: Array) -> Array:
    """GELU in its tanh form."""
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def identity(x: Array) -> Array:
    """No activation at all."""
    return x


def parts(array: Array, n_ranks: int, axis: int) -> list[Array]:
    """Equal parts of an array, one for each rank."""
    return np.split(array, n_ranks, axis=axis)


def mlp(x: Array, w_in: Array, w_out: Array, activation: Callable[[Array], Array]) -> Array:
    """act(X A) B on one device; X (tokens, d), A (d, f), B (f, d)."""
    return activation(x @ w_in) @ w_out


def mlp_columns_then_rows(
    x: Array, w_in: Array, w_out: Array, activation: Callable[[Array], Array], n_ranks: int
) -> Array:
    """A cut by columns and B by rows: each rank works alone, one all-reduce sums the results."""
    pairs = zip(parts(w_in, n_ranks, 1), parts(w_out, n_ranks, 0), strict=True)
    return sum((activation(x @ a) @ b for a, b in pairs), start=np.zeros((len(x), w_out.shape[1])))


def mlp_rows_first(
    x: Array, w_in: Array, w_out: Array, activation: Callable[[Array], Array], n_ranks: int
) -> Array:
    """A cut by rows: each rank has a partial sum. Here nobody sums before the activation.

    B is cut by columns, so the ranks' results are joined. With GELU the answer is wrong.
    """
    slices = zip(parts(x, n_ranks, 1), parts(w_in, n_ranks, 0), strict=True)
    hidden = sum(
        (activation(x_part @ a) for x_part, a in slices),
        start=np.zeros((len(x), w_in.shape[1])),
    )
    return np.concatenate([hidden @ b for b in parts(w_out, n_ranks, 1)], axis=1)
