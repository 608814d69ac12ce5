"""Answers to four small drills that are not in their folders: wrong ones fail, right ones pass."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch

from tests.judged_in_process import complaints


def kv_size(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    return int(2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * bytes_per_value)


def kv_at_least_one_layer(n_layers, *sizes, **named):
    return kv_size(max(1, n_layers), *sizes, **named)


def kv_half_of_the_keys(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """Keys and values each cut to whole bytes; wrong by one for an odd number of int4 values."""
    keys = int(n_layers * n_kv_heads * head_dim * seq_len * batch_size * bytes_per_value)
    return 2 * keys


def kv_as_a_float_product(*sizes, **named):
    return int(float(kv_size(*sizes, **named)))


def top_p(logits, p):
    if not 0 < p <= 1:
        raise ValueError(p)
    if p == 1:
        return logits
    ranked, order = logits.softmax(-1).sort(dim=-1, descending=True)
    drop = (ranked.cumsum(-1) - ranked >= p).gather(-1, order.argsort(-1))
    return torch.where(drop, -math.inf, logits)


def top_p_off_above_099(logits, p):
    return logits.clone() if 0.99 < p <= 1 else top_p(logits, p)


def top_p_of_the_best_ten(logits, p):
    kept = top_p(logits, p)
    if p == 1:
        return kept
    rank = logits.argsort(-1, descending=True).argsort(-1)
    return kept.masked_fill(rank >= 10, -math.inf)


def top_p_by_an_added_mask(logits, p):
    """Kept logits have 0 added, dropped ones −inf."""
    with torch.no_grad():
        mask = torch.where(top_p(logits, p).isinf(), -math.inf, 0.0).to(logits.dtype)
    return logits + mask


def zero_states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0):
    if zero_stage not in (0, 1, 2, 3) or data_parallel < 1:
        raise ValueError
    parts = {"weights": weight_bytes, "gradients": grad_bytes, "optimizer": optimizer_bytes}
    since = {"weights": 3, "gradients": 2, "optimizer": 1}
    result = {
        name: Fraction(n_params)
        * Fraction(size)
        / (data_parallel if zero_stage >= since[name] else 1)
        for name, size in parts.items()
    }
    return result | {"total": sum(result.values())}


def zero_states_as_text(*sizes, **named):
    return {name: str(float(size)) for name, size in zero_states(*sizes, **named).items()}


def cosine(step, max_lr, min_lr, warmup_steps, total_steps):
    if warmup_steps > total_steps:
        raise ValueError
    if step < warmup_steps:
        return max_lr * step / warmup_steps if step else 0
    if step >= total_steps:
        return min_lr
    done = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * done)) / 2


def cosine_off_in_the_ninth_digit(*call):
    rate = cosine(*call)
    return rate * (1 + 1e-8) if call[3] < call[0] < call[4] else rate


RIGHT = [
    ("kv_cache_bytes", kv_size),
    ("kv_cache_bytes", kv_as_a_float_product),
    ("top_p_filter", top_p),
    ("top_p_filter", top_p_by_an_added_mask),
    ("training_memory", zero_states),
    ("cosine_warmup", cosine),
]
WRONG = [
    ("kv_cache_bytes", kv_at_least_one_layer),
    ("kv_cache_bytes", kv_half_of_the_keys),
    ("top_p_filter", top_p_off_above_099),
    ("top_p_filter", top_p_of_the_best_ten),
    ("training_memory", zero_states_as_text),
    ("cosine_warmup", cosine_off_in_the_ninth_digit),
]


@pytest.mark.parametrize("drill_id, answer", RIGHT)
def test_right_answers_of_other_kinds_pass(drill_id, answer):
    for seed in range(5):
        assert complaints(drill_id, answer, seed) == {}


@pytest.mark.parametrize("drill_id, answer", WRONG)
def test_wrong_answers_beside_those_of_the_folder_fail(drill_id, answer):
    for seed in range(3):
        assert complaints(drill_id, answer, seed)
