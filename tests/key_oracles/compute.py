"""Time and money by measuring the FLOP of a real step, and by adding up whole hours."""

import functools
from fractions import Fraction

import torch
from torch.utils.flop_counter import FlopCounterMode


@functools.cache
def _flop_per_weight_and_token():
    layers = torch.nn.Sequential(*(torch.nn.Linear(16, 16, bias=False) for _ in range(4)))
    x = torch.randn(8, 16, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        layers(x).sum().backward()
    weights = sum(p.numel() for p in layers.parameters())
    return Fraction(counter.get_total_flops(), 8 * weights)


def mfu(n_params, tokens_per_second, n_gpus, peak):
    """The time the FLOP of a second's tokens would take at the peak."""
    work = _flop_per_weight_and_token() * Fraction(n_params) * Fraction(tokens_per_second)
    return float(work / n_gpus / (Fraction(peak) * 10**12))


def training_gpu_seconds(n_params, tokens, peak, mfu_percent):
    """Seconds at the peak for a million tokens, stretched by the share that is reached."""
    work = _flop_per_weight_and_token() * Fraction(n_params) * 10**6
    at_peak = work / (Fraction(peak) * 10**12)
    return float(at_peak * Fraction(100, mfu_percent) * Fraction(tokens) / 10**6)


def cost_per_token(price, n_gpus, tokens_per_second, utilisation):
    """A hundred hours of bills, against tokens made in those of them that were busy."""
    bill = sum(Fraction(str(price)) * n_gpus for _ in range(100))
    made = sum(tokens_per_second * 3600 for _ in range(utilisation))
    return float(bill / made)
