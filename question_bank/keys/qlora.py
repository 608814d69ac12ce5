"""Keys on QLoRA and on the cost of adapters: bits, bytes and FLOP."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from question_bank.keys import Key
from question_bank.keys.peft import NF4_LEVELS

TRAINED_FULL, TRAINED_LORA = 2 + 2 + 2, 2 + 2  # FLOP a weight and token


def double_quantised_bits(b: int, g: int) -> float:
    """Bits a weight: 4, an 8-bit scale per block of b, an FP32 scale per g of those scales.

    Dettmers et al. 2023 (QLoRA), arXiv 2305.14314, section 3.
    """
    weights = b * g
    return (4 * weights + 8 * g + 32) / weights


def draw_qlora_model(rng: random.Random) -> dict[str, Any]:
    """Weights in linear layers and elsewhere, and the block size of the quantiser."""
    n_linear = rng.choice([1.2e9, 2.6e9, 6.5e9, 7.0e9, 12.4e9, 13.0e9, 30.5e9, 64.0e9, 68.5e9])
    n_other = rng.choice([0.2e9, 0.3e9, 0.5e9, 0.8e9, 1.1e9, 1.5e9, 2.1e9])
    return {"n_linear": n_linear, "n_other": n_other, "block": rng.choice([32, 64])}


def qlora_weight_bytes(n_linear: float, n_other: float, block: int) -> Key:
    """Bytes of the frozen part: NF4 with double quantisation (groups of 256), the rest in BF16.

    Raises ValueError for a model that is mostly embeddings.
    """
    if n_other > 0.4 * n_linear:
        raise ValueError("a model is mostly linear layers")
    bits = double_quantised_bits(block, 256)
    linear, other = n_linear * bits / 8, n_other * 2
    shown = {"bits": bits, "linear": linear, "other": other, "half": 2 * (n_linear + n_other)}
    return Key(linear + other, shown)


def qlora_weight_bytes_all_four_bits(n_linear: float, n_other: float) -> float:
    """The mistake of storing every parameter in four bits and no scales."""
    return (n_linear + n_other) / 2


def qlora_weight_bytes_no_scales(n_linear: float, n_other: float) -> float:
    """The mistake of forgetting the scales."""
    return n_linear / 2 + 2 * n_other


def qlora_weight_bytes_single(n_linear: float, n_other: float, block: int) -> float:
    """The mistake of keeping the scales in FP32."""
    return n_linear * (4 + 32 / block) / 8 + 2 * n_other


def draw_nf4_block(rng: random.Random) -> dict[str, Any]:
    """Five weights with two decimals; one of them is asked for."""
    weights = [rng.choice([-1, 1]) * rng.randint(2, 160) / 100 for _ in range(5)]
    return {"weights": weights, "place": rng.choice([1, 2, 3, 4, 5])}


def nf4_value(weights: Sequence[float], place: int) -> Key:
    """What a weight becomes: divide by the block's largest magnitude, nearest level, multiply.

    Raises ValueError for the largest weight, one that is not positive, or a close call.
    """
    absmax, asked = max(abs(w) for w in weights), weights[place - 1]
    scaled = asked / absmax
    nearest, second = sorted(NF4_LEVELS, key=lambda level: abs(level - scaled))[:2]
    if nearest in (0.0, 1.0) or asked <= 0 or abs(second - scaled) - abs(nearest - scaled) < 0.01:
        raise ValueError("draw again: the answer should be positive and clear")
    shown = {"asked": asked, "absmax": absmax, "scaled": scaled, "level": nearest}
    return Key(absmax * nearest, shown)


def nf4_value_not_rescaled(weights: Sequence[float], place: int) -> float:
    """The mistake of giving the level and forgetting to multiply by the scale."""
    return nf4_value(weights, place).value / max(abs(w) for w in weights)


def nf4_value_unscaled(weights: Sequence[float], place: int) -> float:
    """The mistake of looking for the level nearest to the weight itself."""
    return min(NF4_LEVELS, key=lambda level: abs(level - weights[place - 1]))


def nf4_value_int4(weights: Sequence[float], place: int) -> float:
    """The mistake of taking evenly spaced levels, k / 7, as in int4."""
    absmax = max(abs(w) for w in weights)
    return absmax * round(weights[place - 1] / absmax * 7) / 7


def fleet_bytes(n_base: float, n_adapter: float, customers: int) -> Key:
    """One base and an adapter for each customer, all in BF16."""
    base, adapters = 2 * n_base, customers * 2 * n_adapter
    merged = customers * base
    shown = {"base": base, "adapters": adapters, "one": 2 * n_adapter, "merged": merged}
    return Key(base + adapters, shown)


def fleet_bytes_merged(n_base: float, customers: int) -> float:
    """The mistake of merging, which needs a whole model for each customer."""
    return customers * 2 * n_base


def fleet_bytes_adapters_only(n_adapter: float, customers: int) -> float:
    """The mistake of forgetting the base."""
    return customers * 2 * n_adapter


def fleet_bytes_training(n_base: float, n_adapter: float, customers: int) -> float:
    """The mistake of keeping 16 bytes for each adapter parameter, as in training."""
    return 2 * n_base + customers * 16 * n_adapter


def lora_speed_limit() -> float:
    """FLOP of a full training step over those of one with frozen weights, adapters left out."""
    return TRAINED_FULL / TRAINED_LORA
