"""Position keys by turning, by bisection, and by a softmax over biased scores."""

import cmath
import math

import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding


def rope_wavelength(base, head_dim, pair):
    """A full turn over the angle, which a Llama's own table of angles confirms."""
    angle = math.prod([base ** (-1 / (head_dim // 2))] * pair)
    config = LlamaConfig(
        hidden_size=head_dim,
        num_attention_heads=1,
        head_dim=head_dim,
        rope_parameters={"rope_type": "default", "rope_theta": float(base)},
    )
    table = LlamaRotaryEmbedding(config).inv_freq
    assert math.isclose(float(table[pair]), angle, rel_tol=1e-5)
    return math.tau / angle


def ntk_base(b, s, d):
    """Bisection for the base whose slowest pair (exponent (d - 2) / d) turns s times slower."""
    wanted = b ** (-(d - 2) / d) / s
    low, high = math.log(b), 10 * math.log(b * s)
    for _ in range(200):
        middle = (low + high) / 2
        if math.exp(-middle * (d - 2) / d) > wanted:
            low = middle
        else:
            high = middle
    return math.exp(low)


def alibi_ratio(n_heads, head, near, far):
    first = 2 ** (-8 / n_heads)
    slopes = [first]
    while len(slopes) < n_heads:
        slopes.append(slopes[-1] * first)
    bias = -slopes[head - 1] * torch.arange(far + 1, dtype=torch.float64)
    weights = torch.softmax(bias, 0)
    return float(weights[near] / weights[far])


def rope_score(q, k, theta, m, n):
    """Pairs as complex numbers, each turned by its own position."""
    turned_q = complex(*q) * cmath.exp(1j * m * theta)
    turned_k = complex(*k) * cmath.exp(1j * n * theta)
    return turned_q.real * turned_k.real + turned_q.imag * turned_k.imag
