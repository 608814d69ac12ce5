"""Right answers in other styles; the verifier must pass them all."""

import math
import operator
from fractions import Fraction
from functools import reduce


def product(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    whole = math.prod((2, n_layers, n_kv_heads, head_dim, seq_len, batch_size))
    return int(whole * bytes_per_value)


def in_bits(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    bits = round(bytes_per_value * 8)
    return 2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * bits // 8


def fractions(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    factors = [2, n_layers, n_kv_heads, head_dim, seq_len, batch_size, Fraction(bytes_per_value)]
    return int(reduce(operator.mul, factors))


def layer_by_layer(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    per_layer = 0
    for _tensor in ("keys", "values"):
        per_layer += batch_size * n_kv_heads * seq_len * head_dim
    total = n_layers * per_layer * bytes_per_value
    return total if isinstance(total, int) else round(total)
