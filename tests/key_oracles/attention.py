"""Attention keys from counted FLOP, weighed tensors, real masks and full distributions."""

import math
from fractions import Fraction

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode


def score_deviation(d, s):
    """Exactly, for entries of plus or minus s: the sum of d products is s^2 (2j - d)."""
    weights = [Fraction(math.comb(d, j), 2**d) for j in range(d + 1)]
    variance = sum(w * (2 * j - d) ** 2 for j, w in enumerate(weights))
    return s**2 * math.sqrt(variance)


def crossover_keys(d_model, n_heads, head_dim, d_ff):
    def empty(*shape):
        return torch.empty(shape, device="meta")

    def flops(work):
        with FlopCounterMode(display=False) as counter:
            work()
        return counter.get_total_flops()

    def attend():
        scores = empty(n_heads, 1, head_dim) @ empty(n_heads, head_dim, 1000)
        return scores @ empty(n_heads, 1000, head_dim)

    def mlp():
        x = empty(1, d_model)
        gate, up = x @ empty(d_model, d_ff), x @ empty(d_model, d_ff)
        return (torch.nn.functional.silu(gate) * up) @ empty(d_ff, d_model)

    return flops(mlp) / (flops(attend) / 1000)


def score_bytes(batch, n_heads, seq_len):
    q = torch.empty(batch, n_heads, seq_len, 8, dtype=torch.bfloat16, device="meta")
    return (q @ q.transpose(-2, -1)).nbytes


def mixed_window_cache(n_layers, group, n_kv_heads, head_dim, window, seq_len):
    """Keys that the newest query can see, layer by layer, as tensors of that many tokens."""
    distance = seq_len - 1 - np.arange(seq_len)
    total = 0
    for layer in range(n_layers):
        full = layer % group == group - 1
        visible = int((distance < (seq_len if full else window)).sum())
        shape = (2, n_kv_heads, visible, head_dim)
        total += torch.empty(shape, dtype=torch.bfloat16, device="meta").nbytes
    return total


def window_reach(n_layers, window):
    """Spread an influence from the last token backwards, layer by layer."""
    reached = np.zeros(n_layers * window + 2, dtype=bool)
    reached[0] = True
    for _ in range(n_layers):
        sums = np.cumsum(np.concatenate([np.zeros(window, dtype=int), reached]))
        reached = sums[window:] - sums[:-window] > 0
    return int(np.flatnonzero(reached).max())


def prefix_pairs(seq_len, prefix):
    allowed = torch.ones(seq_len, seq_len, dtype=torch.bool).tril()
    allowed[:prefix, :prefix] = True
    return int(allowed.sum())


def merged_output(m_1, l_1, o_1, m_2, l_2, o_2):
    """One softmax over keys made up so that each chunk has the maximum and the sum it states."""
    scores, values = [], []
    for top, total, value in ((m_1, l_1, o_1), (m_2, l_2, o_2)):
        others = math.ceil(total - 1)
        scores += [top] + [top + math.log((total - 1) / others)] * others
        values += [value] * (1 + others)
    weights = torch.softmax(torch.tensor(scores, dtype=torch.float64), 0)
    return float(weights @ torch.tensor(values, dtype=torch.float64))


def linear_state_break_even(d, v):
    key, value = torch.empty(d, device="meta"), torch.empty(v, device="meta")
    state = torch.outer(key, value).numel() + key.numel()
    return state / (key.numel() + value.numel())
