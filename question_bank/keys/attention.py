"""Keys on attention: what scores, masks and caches hold, and when they cost as much as the MLP."""

from __future__ import annotations

import math
import random
from typing import Any

from question_bank.keys import Key

BF16 = 2  # bytes per value


def score_deviation(d: int, s: float) -> float:
    """Standard deviation of q·k for independent entries of mean 0 and standard deviation s.

    Each of the d products has variance s^2 * s^2 and variances add: Vaswani et al. 2017, arXiv
    1706.03762, footnote 4.
    """
    return math.sqrt(d * s**4)


def draw_crossover(rng: random.Random) -> dict[str, Any]:
    """A gated decoder layer whose heads together are as wide as the model, or nearly."""
    while True:
        d_model = rng.choice([1024, 2048, 2560, 3072, 4096, 5120, 6144, 8192])
        n_heads, head_dim = rng.choice([8, 16, 24, 32, 40, 48, 64]), rng.choice([64, 128, 256])
        d_ff = d_model * rng.choice([20, 22, 24, 28, 32, 40]) // 8
        if 0.75 <= n_heads * head_dim / d_model <= 2:
            return {"d_model": d_model, "n_heads": n_heads, "head_dim": head_dim, "d_ff": d_ff}


def crossover_keys(d_model: int, n_heads: int, head_dim: int, d_ff: int) -> Key:
    """Keys at which scores and weighted values cost one query as much as a SwiGLU block.

    2 FLOP per multiply-add: 4 * S * n_heads * head_dim against 3 matrices, 6 * d_model * d_ff.
    """
    per_key, mlp = 4 * n_heads * head_dim, 6 * d_model * d_ff
    return Key(mlp / per_key, {"per_key": per_key, "mlp": mlp, "width": n_heads * head_dim})


def crossover_two_matrices(d_model: int, n_heads: int, head_dim: int, d_ff: int) -> float:
    """The mistake of counting a gated block as two matrices."""
    return crossover_keys(d_model, n_heads, head_dim, d_ff).value * 2 / 3


def crossover_scores_only(d_model: int, n_heads: int, head_dim: int, d_ff: int) -> float:
    """The mistake of forgetting the weighted sum of the values."""
    return crossover_keys(d_model, n_heads, head_dim, d_ff).value * 2


def crossover_four_widths(d_model: int) -> float:
    """The mistake of quoting S = 4 d_model, which holds for an MLP of 16 d_model^2 FLOP."""
    return 4 * d_model


def draw_scores(rng: random.Random) -> dict[str, Any]:
    """A layer with grouped-query attention and a batch of prompts."""
    n_kv_heads = rng.choice([2, 4, 8])
    return {
        "n_heads": n_kv_heads * rng.choice([3, 4, 5, 7, 8]),
        "n_kv_heads": n_kv_heads,
        "seq_len": rng.choice([2048, 4096, 6144, 8192, 12288, 16384]),
        "batch": rng.choice([2, 3, 4, 6, 8]),
    }


def score_bytes(batch: int, n_heads: int, seq_len: int) -> Key:
    """Bytes of the score matrices of one layer in BF16, all kept: batch x heads x T x T x 2."""
    one = seq_len**2 * BF16
    return Key(batch * n_heads * one, {"one": one})


def score_bytes_kv_heads(batch: int, n_kv_heads: int, seq_len: int) -> float:
    """The mistake of counting KV heads: each query head has a score matrix of its own."""
    return score_bytes(batch, n_kv_heads, seq_len).value


def score_bytes_one_sequence(n_heads: int, seq_len: int) -> float:
    """The mistake of forgetting the batch."""
    return score_bytes(1, n_heads, seq_len).value


def score_bytes_one_head(batch: int, seq_len: int) -> float:
    """The mistake of forgetting the heads."""
    return score_bytes(batch, 1, seq_len).value


def draw_mixed_windows(rng: random.Random) -> dict[str, Any]:
    """A decoder in which one layer of each group sees everything and the others a window."""
    group = rng.choice([2, 3, 4, 6])
    return {
        "group": group,
        "n_layers": group * rng.choice({2: [12, 18, 24], 3: [10, 12, 16]}.get(group, [6, 8, 10])),
        "n_kv_heads": rng.choice([2, 4, 8, 16]),
        "head_dim": rng.choice([64, 128, 256]),
        "window": rng.choice([512, 1024, 2048, 4096]),
        "seq_len": rng.choice([16384, 32768, 65536, 131072]),
    }


def mixed_window_cache(
    n_layers: int, group: int, n_kv_heads: int, head_dim: int, window: int, seq_len: int
) -> Key:
    """Bytes of a BF16 KV cache where one layer in `group` is full and the rest roll a window.

    Rolling buffer: Jiang et al. 2023 (Mistral 7B), arXiv 2310.06825, section 2. One full layer
    in six: Gemma 3 report, arXiv 2503.19786.
    """
    per_token = 2 * n_kv_heads * head_dim * BF16
    n_full = n_layers // group
    n_window = n_layers - n_full
    full, windowed = n_full * seq_len * per_token, n_window * min(window, seq_len) * per_token
    shown = {"per_token": per_token, "n_full": n_full, "n_window": n_window}
    return Key(full + windowed, {**shown, "full": full, "windowed": windowed})


def mixed_window_all_full(
    n_layers: int, n_kv_heads: int, head_dim: int, window: int, seq_len: int
) -> float:
    """The mistake of letting every layer keep the whole context."""
    return mixed_window_cache(n_layers, 1, n_kv_heads, head_dim, window, seq_len).value


def mixed_window_all_windowed(n_layers: int, n_kv_heads: int, head_dim: int, window: int) -> float:
    """The mistake of letting every layer keep the window only."""
    return mixed_window_cache(n_layers, 1, n_kv_heads, head_dim, window, window).value


def mixed_window_swapped(
    n_layers: int, group: int, n_kv_heads: int, head_dim: int, window: int, seq_len: int
) -> float:
    """The mistake of one windowed layer in each group instead of one full one."""
    whole = mixed_window_all_full(n_layers, n_kv_heads, head_dim, window, seq_len)
    short = mixed_window_all_windowed(n_layers, n_kv_heads, head_dim, window)
    return (
        whole
        + short
        - mixed_window_cache(n_layers, group, n_kv_heads, head_dim, window, seq_len).value
    )


def window_reach(n_layers: int, window: int) -> float:
    """Tokens before the last that can still influence it through stacked windows.

    A query sees itself and window - 1 tokens before it, in each layer once more: Jiang et al.
    2023, arXiv 2310.06825, section 2, which rounds it to n_layers x window.
    """
    return n_layers * (window - 1)


def prefix_pairs(seq_len: int, prefix: int) -> Key:
    """Pairs (query, key) that a prefix mask allows: the prefix both ways, the rest causal.

    Raises ValueError unless the prefix is shorter than the sequence.
    """
    if not 0 < prefix < seq_len:
        raise ValueError("the prefix should leave tokens to generate")
    causal = seq_len * (seq_len + 1) // 2
    extra = prefix * (prefix - 1) // 2
    return Key(causal + extra, {"causal": causal, "extra": extra})


def prefix_pairs_causal(seq_len: int) -> float:
    """The mistake of a plain causal mask."""
    return seq_len * (seq_len + 1) // 2


def prefix_pairs_blocks(seq_len: int, prefix: int) -> float:
    """The mistake of hiding the prefix from the tokens after it."""
    rest = seq_len - prefix
    return prefix**2 + rest * (rest + 1) // 2


def prefix_pairs_inclusive(seq_len: int, prefix: int) -> float:
    """The mistake of counting the causal triangle and the prefix square, overlap twice."""
    return seq_len * (seq_len + 1) // 2 + prefix**2


def draw_chunks(rng: random.Random) -> dict[str, Any]:
    """Two chunks of keys: maximum m, sum of exp(score - m), and normalised output of each."""
    first = rng.choice([0.5, 1, 1.5, 2, 2.5, 3])
    outputs = rng.sample(range(10, 60, 5), 2)
    return {
        "m_1": first,
        "m_2": first + rng.choice([-1.5, -1, -0.5, 0.5, 1, 1.5]),
        "l_1": rng.randint(11, 40) / 10,
        "l_2": rng.randint(11, 40) / 10,
        "o_1": outputs[0],
        "o_2": outputs[1],
    }


def merged_output(m_1: float, l_1: float, o_1: float, m_2: float, l_2: float, o_2: float) -> Key:
    """Attention output over two chunks of keys from each chunk's maximum, sum and output.

    Milakov and Gimelshein 2018, arXiv 1805.02867, section 3.1: the pairs (m, l) combine as
    l = l_1 exp(m_1 - m) + l_2 exp(m_2 - m). Raises ValueError for a maximum below zero.
    """
    if min(m_1, m_2) < 0:
        raise ValueError("keep the maxima positive, which is easier to read")
    top = max(m_1, m_2)
    w_1, w_2 = l_1 * math.exp(m_1 - top), l_2 * math.exp(m_2 - top)
    share = w_1 / (w_1 + w_2)
    shown = {"top": top, "w_1": w_1, "w_2": w_2, "share": share}
    return Key(share * o_1 + (1 - share) * o_2, shown)


def merged_plain_mean(o_1: float, o_2: float) -> float:
    """The mistake of averaging the two outputs."""
    return (o_1 + o_2) / 2


def merged_sums_only(l_1: float, o_1: float, l_2: float, o_2: float) -> float:
    """The mistake of weighting by the sums although they refer to different maxima."""
    return (l_1 * o_1 + l_2 * o_2) / (l_1 + l_2)


def merged_maxima_only(m_1: float, o_1: float, m_2: float, o_2: float) -> float:
    """The mistake of weighting by the maxima as if each chunk were one key."""
    return merged_output(m_1, 1.0, o_1, m_2, 1.0, o_2).value


def linear_state_break_even(d: int, v: int) -> float:
    """Tokens at which a head's KV cache holds as many numbers as a linear-attention state.

    State: d x v numbers and a normaliser of d (Katharopoulos et al. 2020, arXiv 2006.16236,
    section 3.4); cache: d + v numbers a token.
    """
    return (d * v + d) / (d + v)
