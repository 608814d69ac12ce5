"""Families with a mixture of experts, and DeepSeek's latent attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from topics.labs.memory.model import Experts, Latent, ModelConfig
from topics.labs.memory.reader import Reader
from topics.labs.memory.shapes import decoder, has_window, window_layers


def _experts(c: Reader, **changes: Any) -> Experts:
    fields: dict[str, Any] = {
        "count": c.size("experts"),
        "top_k": c.size("top_k"),
        "intermediate": c.whole("expert_width", 0) or c.size("intermediate"),
    }
    return Experts(**{**fields, **changes})


def _dense_width(c: Reader) -> int:
    return c.whole("intermediate", 0) or c.size("expert_width")


def _mixtral(c: Reader) -> ModelConfig:
    return decoder(c, experts=_experts(c, intermediate=c.size("intermediate")), **has_window(c))


def _phimoe(c: Reader) -> ModelConfig:
    bias = c.flag("attention_bias", False)
    return decoder(
        c,
        norm="layer",
        qkv_bias=bias,
        o_bias=bias,
        head_bias=c.flag("lm_head_bias", False),
        experts=_experts(c, intermediate=c.size("intermediate")),
    )


def _sparse_every(c: Reader) -> int:
    """Qwen's dense layers: those listed, and those that the sparse step passes over."""
    layers = c.size("layers")
    step = c.size("decoder_sparse_step", 1)
    listed = c.find("mlp_only_layers")
    dense = set(listed) if isinstance(listed, (list, tuple)) else set()
    return sum(1 for i in range(layers) if i in dense or (i + 1) % step)


def _qwen2_moe(c: Reader) -> ModelConfig:
    experts = _experts(
        c,
        shared_intermediate=c.whole("shared_width", 0),
        shared_gate=True,
        dense_layers=_sparse_every(c),
    )
    bias = c.flag("qkv_bias", True)
    return decoder(c, qkv_bias=bias, experts=experts, intermediate=_dense_width(c))


def _qwen3_moe(c: Reader) -> ModelConfig:
    bias = c.flag("attention_bias", False)
    return decoder(
        c,
        qk_norm="head",
        qkv_bias=bias,
        o_bias=bias,
        experts=_experts(c, dense_layers=_sparse_every(c)),
        intermediate=_dense_width(c),
    )


def _olmoe(c: Reader) -> ModelConfig:
    return decoder(c, qk_norm="hidden", experts=_experts(c))


def _shared(c: Reader) -> Experts:
    """Experts of the DeepSeek kind: shared ones, and ordinary layers first."""
    width = c.whole("expert_width", 0) or c.size("intermediate")
    return _experts(
        c,
        shared_intermediate=c.whole("shared_experts", 0) * width,
        dense_layers=c.whole("first_dense", 0),
    )


def _glm4_moe(c: Reader) -> ModelConfig:
    return decoder(
        c,
        qk_norm="head" if c.flag("use_qk_norm", False) else "none",
        qkv_bias=c.flag("attention_bias", False),
        experts=_shared(c),
        intermediate=_dense_width(c),
    )


def _deepseek1(c: Reader) -> ModelConfig:
    return decoder(c, experts=_shared(c), intermediate=_dense_width(c))


def _deepseek(c: Reader) -> ModelConfig:
    latent = Latent(
        kv_rank=c.size("kv_lora_rank"),
        q_rank=c.whole("q_lora_rank", 0),
        nope_dim=c.size("qk_nope_head_dim", 128),
        rope_dim=c.size("qk_rope_head_dim", 64),
        v_dim=c.size("v_head_dim", 128),
    )
    return decoder(
        c,
        block="latent",
        latent=latent,
        kv_heads=c.size("heads"),
        head_dim=latent.qk_dim,
        experts=_shared(c) if c.find("experts") else None,
        intermediate=_dense_width(c),
    )


def _llama4(c: Reader) -> ModelConfig:
    """The text model of Llama 4: experts in every so many layers, one of them shared."""
    layers, width = c.size("layers"), c.size("intermediate")
    step = c.size("interleave_moe_layer_step", 1)
    listed = c.find("moe_layers")
    mixed = len(listed) if isinstance(listed, (list, tuple)) else layers // step
    bias = c.flag("attention_bias", False)
    return decoder(
        c,
        head_dim=c.size("head_dim", 128),
        intermediate=c.size("intermediate_size_mlp", 2 * width),
        qkv_bias=bias,
        o_bias=bias,
        experts=_experts(
            c, intermediate=width, shared_intermediate=width, dense_layers=layers - mixed
        ),
    )


def _gpt_oss(c: Reader) -> ModelConfig:
    layers = c.size("layers")
    return decoder(
        c,
        qkv_bias=True,
        o_bias=True,
        sinks=True,
        head_dim=c.size("head_dim", 64),
        experts=_experts(c, router_bias=True, expert_bias=True),
        window=c.whole("sliding_window", 128),
        window_layers=window_layers(c, (layers + 1) // 2),
    )


MOE_FAMILIES: dict[str, Callable[[Reader], ModelConfig]] = {
    "mixtral": _mixtral,
    "phimoe": _phimoe,
    "qwen2_moe": _qwen2_moe,
    "qwen3_moe": _qwen3_moe,
    "olmoe": _olmoe,
    "glm4_moe": _glm4_moe,
    "deepseek": _deepseek1,
    "deepseek_v2": _deepseek,
    "deepseek_v3": _deepseek,
    "gpt_oss": _gpt_oss,
    "llama4_text": _llama4,
}
