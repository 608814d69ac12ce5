"""Keys on memory: what training holds per parameter, what a KV cache takes."""

from __future__ import annotations

import random
from typing import Any

from question_bank.keys import Key


def adam_mixed_precision_bytes(n_params: float) -> Key:
    """Bytes of weights, gradients and optimiser before activations; mixed precision with Adam.

    2 (half-precision weight) + 2 (gradient) + 4 (FP32 master) + 4 + 4 (Adam's two moments) = 16
    bytes per parameter: Rajbhandari et al. 2019, arXiv 1910.02054, section 3.1.
    """
    return Key(n_params * (2 + 2 + 4 + 4 + 4), {"n_params": n_params})


def draw_gqa_model(rng: random.Random) -> dict[str, Any]:
    """A decoder with grouped-query attention, a batch and a context length."""
    n_kv_heads = rng.choice([2, 4, 8])
    return {
        "n_layers": rng.choice([16, 24, 28, 32, 36, 40, 48, 64, 80]),
        "n_heads": n_kv_heads * rng.choice([3, 4, 5, 7, 8]),
        "n_kv_heads": n_kv_heads,
        "head_dim": rng.choice([64, 96, 128]),
        "seq_len": rng.choice([2048, 4096, 8192, 16384, 32768]),
        "batch": rng.choice([4, 6, 8, 12, 16, 24, 32]),
    }


def kv_cache_bytes(
    n_layers: int,
    n_kv_heads: int,
    head_dim: int,
    seq_len: int,
    batch: int,
    bytes_per_value: float = 2,
) -> Key:
    """Bytes of a KV cache: 2 (K and V) x layers x KV heads x width x tokens x batch x bytes.

    Shazeer 2019, arXiv 1911.02150 (multi-query); Ainslie et al. 2023, arXiv 2305.13245 (GQA).
    """
    per_token = 2 * n_layers * n_kv_heads * head_dim * bytes_per_value
    total = per_token * seq_len * batch
    return Key(total, {"per_token": per_token, "per_sequence": per_token * seq_len})


def kv_cache_keys_only(
    n_layers: int, n_kv_heads: int, head_dim: int, seq_len: int, batch: int
) -> float:
    """The mistake of counting keys and forgetting values."""
    return kv_cache_bytes(n_layers, n_kv_heads, head_dim, seq_len, batch, 1).value


def kv_cache_all_heads(
    n_layers: int, n_heads: int, head_dim: int, seq_len: int, batch: int
) -> float:
    """The mistake of counting query heads, as if there were no grouping."""
    return kv_cache_bytes(n_layers, n_heads, head_dim, seq_len, batch).value


def kv_cache_one_sequence(n_layers: int, n_kv_heads: int, head_dim: int, seq_len: int) -> float:
    """The mistake of forgetting the batch."""
    return kv_cache_bytes(n_layers, n_kv_heads, head_dim, seq_len, 1).value


def kv_cache_one_layer(n_kv_heads: int, head_dim: int, seq_len: int, batch: int) -> float:
    """The mistake of counting one layer."""
    return kv_cache_bytes(1, n_kv_heads, head_dim, seq_len, batch).value


def kv_cache_formula(L: int, h: int, d: int, s: int, b: int, w: int) -> float:
    """`kv_cache_bytes` under the symbols of the formula question; w is 1, 2 or 4 bytes."""
    if w not in (1, 2, 4):
        raise ValueError("a cached value takes 1, 2 or 4 bytes")
    return kv_cache_bytes(L, h, d, s, b, w).value


def draw_recompute(rng: random.Random) -> dict[str, Any]:
    """A training step: layers, width, tokens, and bytes kept in a layer for each s b h."""
    return {
        "n_layers": rng.choice([24, 32, 40, 48, 64, 80]),
        "width": rng.choice([2048, 3072, 4096, 5120, 8192]),
        "seq_len": rng.choice([2048, 4096, 8192]),
        "batch": rng.choice([2, 3, 4, 8]),
        "kept": rng.choice([34, 38, 41, 48, 53]),
    }


def recomputed_bytes(n_layers: int, width: int, seq_len: int, batch: int, kept: int) -> Key:
    """Peak bytes of activations with full recomputation: all inputs, and one layer at work.

    Chen et al. 2016, arXiv 1604.06174; Korthikanti et al. 2022, arXiv 2205.05198.
    """
    unit = seq_len * batch * width
    inputs, working = 2 * unit * n_layers, kept * unit
    plain = kept * unit * n_layers
    return Key(inputs + working, {"inputs": inputs, "working": working, "plain": plain})


def recomputed_bytes_inputs_only(n_layers: int, width: int, seq_len: int, batch: int) -> float:
    """The mistake of forgetting the layer that is being recomputed."""
    return 2 * seq_len * batch * width * n_layers


def recomputed_bytes_plain(n_layers: int, width: int, seq_len: int, batch: int, kept: int) -> float:
    """The mistake of keeping everything, as without recomputation."""
    return kept * seq_len * batch * width * n_layers


def recomputed_bytes_one_layer(width: int, seq_len: int, batch: int, kept: int) -> float:
    """The mistake of keeping one layer and nothing to restart from."""
    return (kept + 2) * seq_len * batch * width


def segment_peak(L: int, c: float, a: float) -> float:
    """Least of c L / k + a k over the segment length k > 0, reached at k = sqrt(c L / a)."""
    k = (c * L / a) ** 0.5
    return c * L / k + a * k


def draw_config(rng: random.Random) -> dict[str, Any]:
    """The shape of a decoder of the Llama kind; its heads are 128 wide."""
    n_heads, d_ff = rng.choice([(16, 5632), (24, 8192), (32, 11008), (32, 14336), (40, 13824)])
    return {
        "n_layers": rng.choice([16, 24, 28, 32, 36, 40, 48]),
        "n_heads": n_heads,
        "n_kv_heads": 8,
        "d_ff": d_ff,
        "vocab": rng.choice([32000, 64000, 100352, 128256, 151936]),
    }


def count_parameters(n_layers: int, n_heads: int, n_kv_heads: int, d_ff: int, vocab: int) -> Key:
    """Parameters of a decoder with grouped queries, SwiGLU, RMSNorm and untied embeddings."""
    width, kv_width = 128 * n_heads, 128 * n_kv_heads
    attention = 2 * width * width + 2 * width * kv_width
    mlp = 3 * width * d_ff
    layer = attention + mlp + 2 * width
    ends = 2 * vocab * width
    total = n_layers * layer + ends + width
    shown = {"width": width, "kv_width": kv_width, "attention": attention, "mlp": mlp}
    return Key(total, {**shown, "layer": layer, "ends": ends})


def count_parameters_square(n_layers: int, n_heads: int, d_ff: int, vocab: int) -> float:
    """The mistake of giving keys and values as many heads as queries."""
    return count_parameters(n_layers, n_heads, n_heads, d_ff, vocab).value


def count_parameters_two_matrices(
    n_layers: int, n_heads: int, n_kv_heads: int, d_ff: int, vocab: int
) -> float:
    """The mistake of counting two matrices in a gated feed-forward block."""
    full = count_parameters(n_layers, n_heads, n_kv_heads, d_ff, vocab).value
    return full - n_layers * 128 * n_heads * d_ff


def count_parameters_no_ends(n_layers: int, n_heads: int, n_kv_heads: int, d_ff: int) -> float:
    """The mistake of forgetting embedding and output head."""
    return count_parameters(n_layers, n_heads, n_kv_heads, d_ff, 0).value


def logits_bytes(batch: int, seq_len: int, vocab: int) -> Key:
    """Bytes of the logits of a training step in FP32: one number a token and vocabulary entry."""
    tokens = batch * seq_len
    total = 4 * tokens * vocab
    return Key(total, {"tokens": tokens, "pair": 2 * total, "chunk": 4 * 1024 * vocab})


def logits_bytes_half(batch: int, seq_len: int, vocab: int) -> float:
    """The mistake of two bytes a logit, although the loss is computed in FP32."""
    return 2 * batch * seq_len * vocab


def logits_bytes_last_only(batch: int, vocab: int) -> float:
    """The mistake of taking the last position only, as in generation."""
    return 4 * batch * vocab


def draw_lora_run(rng: random.Random) -> dict[str, Any]:
    """A base model and adapters of one to three per cent of it."""
    n_base = rng.choice([1.5e9, 3e9, 4e9, 7e9, 8e9, 13e9, 14e9, 27e9, 32e9, 70e9])
    share = rng.choice([0.01, 0.012, 0.015, 0.02, 0.025, 0.03])
    return {"n_base": n_base, "n_trained": round(n_base * share / 1e7) * 1e7}


def lora_state_bytes(n_base: float, n_trained: float) -> Key:
    """Model state of LoRA in mixed precision: 2 bytes frozen, 16 for what is trained.

    Hu et al. 2021, arXiv 2106.09685, section 4.2; ZeRO, arXiv 1910.02054, section 3.1.
    """
    frozen, trained = 2 * n_base, 16 * n_trained
    return Key(frozen + trained, {"frozen": frozen, "trained": trained, "full": 16 * n_base})


def lora_state_bytes_full(n_base: float) -> float:
    """The mistake of paying 16 bytes for frozen parameters too."""
    return 16 * n_base


def lora_state_bytes_adapter_only(n_trained: float) -> float:
    """The mistake of forgetting the frozen weights."""
    return 16 * n_trained


def lora_state_bytes_frozen_gradients(n_base: float, n_trained: float) -> float:
    """The mistake of keeping gradients for frozen weights."""
    return 4 * n_base + 16 * n_trained
