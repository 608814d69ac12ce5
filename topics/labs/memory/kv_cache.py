"""The KV cache: what attention remembers of every token it has seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

from topics.labs.memory.model import ModelConfig
from topics.labs.memory.units import refuse


@dataclass(frozen=True)
class KvCache:
    """Bytes of the cache: one token in all layers, one request, all requests; and per GPU."""

    bytes_per_token: float
    per_request: float
    total: float
    per_gpu: float
    tokens_stored: int  # per request and full-attention layer, whole blocks counted
    formula: str


def values_per_token(model: ModelConfig) -> int:
    """Numbers that one layer caches per token.

    2 * kv_heads * head_dim: a key and a value; with latent attention the compressed vector and the
    shared rotary key (DeepSeek-V2, arXiv 2405.04434, section 2.1.2).
    """
    if model.latent:
        return model.latent.kv_rank + model.latent.rope_dim
    return 2 * model.kv_heads * model.head_dim


def bytes_per_token(model: ModelConfig, value_bytes: float = 2) -> float:
    """Bytes that one more token adds in all layers, windows not yet full."""
    if not model.causal:
        return 0.0
    return model.layers * values_per_token(model) * value_bytes


def kv_cache(
    model: ModelConfig,
    *,
    seq: int,
    requests: int = 1,
    value_bytes: float = 2,
    block: int = 0,
    tp: int = 1,
    pp: int = 1,
    cp: int = 1,
    encoder_seq: int = 0,
) -> KvCache:
    """The cache of `requests` sequences of `seq` tokens.

    `block` rounds each sequence up to whole blocks of that many tokens (PagedAttention, arXiv
    2309.06180); 0 stores just the tokens. Layers with a sliding window keep its tokens at most.
    Tensor parallelism splits heads, but each rank keeps at least one, and latent vectors whole.
    Raises SettingError where seq or requests is not positive.
    """
    if seq < 1 or requests < 1:
        raise refuse("a KV cache needs at least one request of at least one token")
    per_layer = values_per_token(model) * value_bytes
    stored = _whole_blocks(seq, block)
    in_window = _whole_blocks(min(seq, model.window), block) if model.window else 0
    full_layers = model.layers - model.window_layers
    tokens = full_layers * stored + model.window_layers * in_window
    if model.encoder_layers:  # cross-attention keeps the encoder's keys and values too
        tokens += model.layers * (encoder_seq or seq)
    request = per_layer * tokens if model.causal else 0.0
    split = 1 if model.latent else min(tp, model.kv_heads)
    layers_here = math.ceil(model.layers / pp) / model.layers
    per_gpu = request * requests * layers_here / split / cp
    return KvCache(
        bytes_per_token(model, value_bytes),
        request,
        request * requests,
        per_gpu,
        stored,
        formula(model),
    )


def formula(model: ModelConfig) -> str:
    """The rule for one token, as a formula."""
    if model.latent:
        return "layers × (kv_lora_rank + qk_rope_head_dim) × bytes"
    return "2 × layers × kv_heads × head_dim × bytes"


def _whole_blocks(tokens: int, block: int) -> int:
    return math.ceil(tokens / block) * block if block else tokens
