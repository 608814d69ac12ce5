"""Keys on parameter-efficient tuning: counts, scales, and what the parts of QLoRA weigh."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from question_bank.keys import Key

# The sixteen NF4 values to four digits: Dettmers et al. 2023, arXiv 2305.14314, appendix E.
NF4_LEVELS = (
    *(-1.0, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0.0),
    *(0.0796, 0.1609, 0.2461, 0.3379, 0.4407, 0.5626, 0.7230, 1.0),
)
ATTACHED = {
    "query and value": ("query", "value"),
    "query, key, value and output": ("query", "key", "value", "output"),
    "key and value": ("key", "value"),
}


def draw_lora_site(rng: random.Random) -> dict[str, Any]:
    """A decoder with grouped-query attention, a rank, and the projections that get LoRA."""
    n_heads, head_dim = rng.choice([(16, 128), (24, 128), (32, 64), (32, 128), (64, 128)])
    return {
        "n_layers": rng.choice([24, 28, 32, 36, 40, 48, 64, 80]),
        "n_heads": n_heads,
        "n_kv_heads": rng.choice([2, 4, 8]),
        "head_dim": head_dim,
        "rank": rng.choice([4, 8, 16, 32, 64]),
        "attached": rng.choice(list(ATTACHED)),
    }


def lora_parameters(
    n_layers: int, n_heads: int, n_kv_heads: int, head_dim: int, rank: int, attached: str
) -> Key:
    """Trained parameters of LoRA: r (d_in + d_out) for each matrix that gets it.

    The model's width is n_heads x head_dim. Hu et al. 2021, arXiv 2106.09685, section 4.
    """
    width, kv_width = n_heads * head_dim, n_kv_heads * head_dim
    outputs = [kv_width if name in ("key", "value") else width for name in ATTACHED[attached]]
    per_layer = sum(rank * (width + out) for out in outputs)
    shown = {"width": width, "kv_width": kv_width, "per_layer": per_layer}
    return Key(n_layers * per_layer, shown)


def lora_parameters_square(
    n_layers: int, n_heads: int, head_dim: int, rank: int, attached: str
) -> float:
    """The mistake of taking every projection for a square matrix."""
    return lora_parameters(n_layers, n_heads, n_heads, head_dim, rank, attached).value


def lora_parameters_one_layer(
    n_heads: int, n_kv_heads: int, head_dim: int, rank: int, attached: str
) -> float:
    """The mistake of counting one layer."""
    return lora_parameters(1, n_heads, n_kv_heads, head_dim, rank, attached).value


def lora_parameters_only_a(
    n_layers: int, n_heads: int, head_dim: int, rank: int, attached: str
) -> float:
    """The mistake of counting A and forgetting B."""
    return n_layers * len(ATTACHED[attached]) * rank * n_heads * head_dim


def break_even_rank(m: int, n: int) -> float:
    """The rank at which r (m + n) reaches m n, the size of the full matrix."""
    return 1 / (1 / m + 1 / n)


def draw_lora_row(rng: random.Random) -> dict[str, Any]:
    """One row of W and of B, both rows of A (rank 2), an input, and alpha."""

    def row(count: int) -> list[int]:
        return [rng.choice([-3, -2, -1, 1, 2, 3]) for _ in range(count)]

    values: dict[str, Any] = {name: row(3) for name in ("w", "a_1", "a_2", "x")}
    return {**values, "b": row(2), "alpha": rng.choice([4, 6, 8, 12, 16])}


def lora_entry(
    w: Sequence[int],
    a_1: Sequence[int],
    a_2: Sequence[int],
    b: Sequence[int],
    x: Sequence[int],
    alpha: float,
) -> Key:
    """One entry of h = W x + (alpha / r) B A x for r = 2. Raises ValueError unless positive."""
    frozen = _dot(w, x)
    down = [_dot(a_1, x), _dot(a_2, x)]
    update = _dot(b, down)
    value = frozen + alpha / 2 * update
    if value <= 0 or not frozen or not update:
        raise ValueError("draw again: the entry should be positive and have two parts")
    shown = {"frozen": frozen, "down": down, "update": update, "scale": alpha / 2}
    return Key(value, {**shown, "scaled": alpha / 2 * update})


def lora_entry_alpha_only(
    w: Sequence[int],
    a_1: Sequence[int],
    a_2: Sequence[int],
    b: Sequence[int],
    x: Sequence[int],
    alpha: float,
) -> float:
    """The mistake of scaling by alpha without dividing by the rank."""
    return _dot(w, x) + alpha * _dot(b, [_dot(a_1, x), _dot(a_2, x)])


def lora_entry_no_scale(
    w: Sequence[int],
    a_1: Sequence[int],
    a_2: Sequence[int],
    b: Sequence[int],
    x: Sequence[int],
) -> float:
    """The mistake of leaving the scale out."""
    return lora_entry_alpha_only(w, a_1, a_2, b, x, 1)


def lora_entry_update_only(
    a_1: Sequence[int], a_2: Sequence[int], b: Sequence[int], x: Sequence[int], alpha: float
) -> float:
    """The mistake of forgetting the frozen path."""
    return alpha / 2 * _dot(b, [_dot(a_1, x), _dot(a_2, x)])


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def rslora_alpha(alpha: float, rank: int, new_rank: int) -> Key:
    """The alpha that gives alpha / sqrt(new_rank) the value that alpha / rank had.

    Kalajdzievski 2023, arXiv 2312.03732. Raises ValueError where the rank does not grow.
    """
    if new_rank <= rank:
        raise ValueError("the new rank should be larger")
    scale = alpha / rank
    return Key(scale * math.sqrt(new_rank), {"scale": scale, "root": math.sqrt(new_rank)})


def rslora_alpha_plain(alpha: float, rank: int, new_rank: int) -> float:
    """The mistake of keeping alpha / r, which is the plain rule."""
    return alpha / rank * new_rank


def rslora_alpha_both_roots(alpha: float, rank: int, new_rank: int) -> float:
    """The mistake of reading the old setting as rank-stabilised too."""
    return alpha / math.sqrt(rank) * math.sqrt(new_rank)


def adapter_parameters(L: int, d: int, m: int) -> float:
    """Two bottleneck adapters a layer, with biases: Houlsby et al. 2019, arXiv 1902.00751."""
    down, up = d * m + m, m * d + d
    return 2 * L * (down + up)


def draw_prefix(rng: random.Random) -> dict[str, Any]:
    """A decoder with grouped-query attention and a prefix length."""
    n_kv_heads = rng.choice([2, 4, 8])
    return {
        "n_layers": rng.choice([16, 24, 28, 32, 40, 48]),
        "n_heads": n_kv_heads * rng.choice([2, 4, 8]),
        "n_kv_heads": n_kv_heads,
        "head_dim": rng.choice([64, 96, 128]),
        "length": rng.choice([10, 20, 30, 50, 100]),
    }


def prefix_parameters(n_layers: int, n_kv_heads: int, head_dim: int, length: int) -> Key:
    """Learned keys and values in every layer: Li and Liang 2021, arXiv 2101.00190, section 4.

    Without the MLP that makes them during training; only its output is kept.
    """
    per_layer = 2 * length * n_kv_heads * head_dim
    return Key(n_layers * per_layer, {"per_layer": per_layer})


def prefix_parameters_all_heads(n_layers: int, n_heads: int, head_dim: int, length: int) -> float:
    """The mistake of giving each query head keys and values of its own."""
    return prefix_parameters(n_layers, n_heads, head_dim, length).value


def prefix_parameters_keys_only(
    n_layers: int, n_kv_heads: int, head_dim: int, length: int
) -> float:
    """The mistake of learning keys without values."""
    return prefix_parameters(n_layers, n_kv_heads, head_dim, length).value / 2


def prefix_parameters_input_only(n_heads: int, head_dim: int, length: int) -> float:
    """The mistake of taking it for prompt tuning: vectors in front of the input alone."""
    return length * n_heads * head_dim
