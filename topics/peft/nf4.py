"""NormalFloat 4, the number format of QLoRA: where its levels come from, what rounding costs.

Source: Dettmers et al., "QLoRA" (arXiv:2305.14314), section 3 and appendix E.
"""

from __future__ import annotations

import functools
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@functools.cache
def nf4_levels() -> Array:
    """The 16 levels in [-1, 1], rising: normal quantiles, eight above zero, seven below, and zero.

    The outermost quantile lies halfway between 1/32 and 1/30 from the end, as QLoRA chose it.
    """
    end = 1 - (1 / 32 + 1 / 30) / 2
    quantile = NormalDist().inv_cdf
    above = [quantile(p) for p in np.linspace(end, 0.5, 9)[:-1]]
    below = [-quantile(p) for p in np.linspace(end, 0.5, 8)[:-1]]
    levels = np.array(sorted([*below, 0.0, *above]))
    return levels / levels.max()


def int4_levels() -> Array:
    """The 15 levels of symmetric int4, -7/7 to 7/7: the sixteenth code, -8, is left unused."""
    return np.arange(-7, 8) / 7


def fp4_levels() -> Array:
    """The 15 values of 4-bit floating point with 2 exponent bits and 1 mantissa bit, over 6."""
    magnitudes = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6]) / 6
    return np.unique(np.concatenate([-magnitudes, magnitudes]))


LEVELS = {"NF4": nf4_levels(), "int4": int4_levels(), "FP4": fp4_levels()}


def quantize(weights: Array, levels: Array, block_size: int) -> Array:
    """Round to the nearest level times the block's largest magnitude, and scale back.

    weights: any shape whose size is a multiple of block_size. Same shape comes back.
    """
    blocks = weights.reshape(-1, block_size)  # (n_blocks, block_size)
    scales = np.abs(blocks).max(axis=1, keepdims=True)  # (n_blocks, 1)
    scales = np.where(scales == 0, 1.0, scales)
    middles = (levels[1:] + levels[:-1]) / 2
    codes = np.searchsorted(middles, blocks / scales)  # (n_blocks, block_size), 0 to 15
    return (levels[codes] * scales).reshape(weights.shape)


def relative_error(weights: Array, levels: Array, block_size: int) -> float:
    """Root mean square of the rounding error over that of the weights."""
    error = quantize(weights, levels, block_size) - weights
    return float(np.sqrt(np.mean(error**2) / np.mean(weights**2)))


def bits_per_weight(block_size: int, double_quantization: bool, outer_block: int = 256) -> float:
    """4 bits and the share of the block's scale: 32 bits, or 8 and a share of a second scale."""
    if not double_quantization:
        return 4 + 32 / block_size
    return 4 + 8 / block_size + 32 / (block_size * outer_block)
