"""Compute, time and money: FLOP of a training run, utilisation, days and price.

Source: 6 N D for forward and backward, 2 N of it forward (Kaplan et al., arXiv:2001.08361,
section 2.1); model FLOPs utilisation (Chowdhery et al., PaLM, arXiv:2204.02311, appendix B).
"""

from __future__ import annotations

from dataclasses import dataclass

SECONDS_PER_DAY = 86_400
# Dense bf16 peak of one card, FLOP/s: the vendor's figure without sparsity.
PEAK = {"A100": 312e12, "H100": 989e12}


@dataclass(frozen=True)
class Run:
    """A training run. utilization: model FLOP/s over peak FLOP/s (MFU)."""

    n_params: float
    n_tokens: float
    n_gpus: int
    peak: float
    utilization: float


def training_flop(n_params: float, n_tokens: float) -> float:
    """6 N D: 2 forward and 4 backward for every parameter and token."""
    return 6 * n_params * n_tokens


def seconds(run: Run) -> float:
    """Wall clock, if the utilisation holds at this number of GPUs."""
    achieved = run.n_gpus * run.peak * run.utilization
    return training_flop(run.n_params, run.n_tokens) / achieved


def gpu_hours(run: Run) -> float:
    """What is paid for."""
    return seconds(run) * run.n_gpus / 3600
