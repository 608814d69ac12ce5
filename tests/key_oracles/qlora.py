"""QLoRA keys by weighing tensors, by rebuilding NF4 from normal quantiles, by counting FLOP."""

from statistics import NormalDist

import torch
from torch.utils.flop_counter import FlopCounterMode


def _stored_bits(n_weights, block, group):
    """Codes, two to a byte; a byte for each block; a float for each group of blocks."""
    codes = torch.empty(n_weights // 2, dtype=torch.uint8, device="meta")
    scales = torch.empty(n_weights // block, dtype=torch.uint8, device="meta")
    outer = torch.empty(n_weights // (block * group), dtype=torch.float32, device="meta")
    return 8 * sum(tensor.nbytes for tensor in (codes, scales, outer))


def double_quantised_bits(b, g):
    whole = 2 * b * g
    return _stored_bits(whole, b, g) / whole


def qlora_weight_bytes(n_linear, n_other, block):
    sample = 64 * block * 256
    other = torch.empty(int(n_other), dtype=torch.bfloat16, device="meta")
    return n_linear * _stored_bits(sample, block, 256) / 8 / sample + other.nbytes


def _levels():
    """Quantiles of a normal: eight steps above zero and seven below, scaled to end at 1."""
    offset = 0.5 * ((1 - 1 / 32) + (1 - 1 / 30))
    quantile = NormalDist().inv_cdf

    def side(count):
        return [quantile(offset + (0.5 - offset) * i / count) for i in range(count)]

    above, below = side(8), side(7)
    return [round(v / above[0], 4) for v in (*above, 0.0, *(-v for v in below))]


def nf4_value(weights, place):
    block = torch.tensor(weights, dtype=torch.float64)
    levels = torch.tensor(_levels(), dtype=torch.float64)
    scale = block.abs().max()
    codes = ((block / scale)[:, None] - levels).abs().argmin(dim=1)
    return float((levels[codes] * scale)[place - 1])


def fleet_bytes(n_base, n_adapter, customers):
    def weight(count):
        return torch.empty(int(count), dtype=torch.bfloat16, device="meta").nbytes

    return weight(n_base) + sum(weight(n_adapter) for _ in range(customers))


def lora_speed_limit():
    """Training steps through frozen and through trained matrices, the input needing a gradient."""

    def flops(trained):
        layers = torch.nn.Sequential(*(torch.nn.Linear(32, 32, bias=False) for _ in range(3)))
        layers.requires_grad_(trained)
        x = torch.randn(8, 32, requires_grad=True)
        with FlopCounterMode(display=False) as counter:
            layers(x).sum().backward()
        return counter.get_total_flops()

    return flops(True) / flops(False)
