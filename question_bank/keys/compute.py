"""Keys on FLOP, utilisation, time and money."""

from __future__ import annotations

import random
from typing import Any

from question_bank.keys import Key

HOUR = 3600.0


def draw_run(rng: random.Random) -> dict[str, Any]:
    """A model, cards of a kind, and a plausible number of tokens a second."""
    n_params = rng.choice([1.5e9, 3e9, 7e9, 8e9, 13e9, 14e9, 32e9, 70e9])
    n_gpus, peak = rng.choice([8, 16, 32, 64, 128, 256]), rng.choice([312, 989])
    tokens = rng.uniform(0.2, 0.46) * n_gpus * peak * 1e12 / (6 * n_params)
    return {
        "n_params": n_params,
        "tokens_per_second": int(float(f"{tokens:.2g}")),
        "n_gpus": n_gpus,
        "peak": peak,
    }


def mfu(n_params: float, tokens_per_second: float, n_gpus: int, peak: float) -> Key:
    """Model FLOPs utilisation: 6 N tokens/s over the peak of all cards.

    Chowdhery et al. 2022 (PaLM), arXiv 2204.02311, appendix B; attention's share left out.
    """
    useful, available = 6 * n_params * tokens_per_second, n_gpus * peak * 1e12
    ratio = useful / available
    hardware = ratio * 8 / 6
    return Key(ratio, {"useful": useful, "available": available, "hfu": f"{hardware:.1%}"})


def mfu_recomputed(n_params: float, tokens_per_second: float, n_gpus: int, peak: float) -> float:
    """The mistake of counting the repeated forward pass: that is hardware utilisation."""
    return 8 * n_params * tokens_per_second / (n_gpus * peak * 1e12)


def mfu_forward_only(n_params: float, tokens_per_second: float, n_gpus: int, peak: float) -> float:
    """The mistake of counting 2 FLOP a parameter and token."""
    return 2 * n_params * tokens_per_second / (n_gpus * peak * 1e12)


def mfu_multiplications(
    n_params: float, tokens_per_second: float, n_gpus: int, peak: float
) -> float:
    """The mistake of counting a multiplication and its addition as one."""
    return 3 * n_params * tokens_per_second / (n_gpus * peak * 1e12)


def training_gpu_seconds(n_params: float, tokens: float, peak: float, mfu_percent: float) -> Key:
    """GPU-seconds of a run of 6 N D FLOP at a share of the peak (Kaplan et al. 2020)."""
    flop = 6 * n_params * tokens
    achieved = peak * 1e12 * mfu_percent / 100
    seconds = flop / achieved
    days = seconds / (24 * HOUR)
    return Key(seconds, {"flop": flop, "achieved": achieved, "days_64": f"{days / 64:.3g}"})


def training_at_peak(n_params: float, tokens: float, peak: float) -> float:
    """The mistake of believing the data sheet."""
    return 6 * n_params * tokens / (peak * 1e12)


def training_forward_only(n_params: float, tokens: float, peak: float, mfu_percent: float) -> float:
    """The mistake of counting the forward pass alone."""
    return 2 * n_params * tokens / (peak * 1e12 * mfu_percent / 100)


def cost_per_token(price: float, n_gpus: int, tokens_per_second: float, utilisation: float) -> Key:
    """Dollars a generated token: cards x price an hour over the tokens of a real hour."""
    hourly = price * n_gpus
    tokens = tokens_per_second * HOUR * utilisation / 100
    return Key(hourly / tokens, {"hourly": f"{hourly:.2f}", "tokens": tokens})


def cost_per_token_always_busy(price: float, n_gpus: int, tokens_per_second: float) -> float:
    """The mistake of taking the peak throughput for the average."""
    return price * n_gpus / (tokens_per_second * HOUR)


def cost_per_token_one_card(price: float, tokens_per_second: float, utilisation: float) -> float:
    """The mistake of paying for one card only."""
    return price / (tokens_per_second * HOUR * utilisation / 100)


def cost_per_token_multiplied(
    price: float, n_gpus: int, tokens_per_second: float, utilisation: float
) -> float:
    """The mistake of multiplying by the utilisation, as if idle time made tokens cheaper."""
    return price * n_gpus * utilisation / 100 / (tokens_per_second * HOUR)
