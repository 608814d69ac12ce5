"""Families built like Llama: RMSNorm, rotary positions, a gated feed-forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from topics.labs.memory.model import ModelConfig
from topics.labs.memory.reader import Reader
from topics.labs.memory.shapes import decoder, gpt_style, has_window, window_layers


def _starcoder2(c: Reader) -> ModelConfig:
    bias = c.flag("use_bias", True)
    return decoder(
        c,
        norm="layer",
        gated=False,
        activation="gelu_pytorch_tanh",
        qkv_bias=bias,
        o_bias=bias,
        mlp_bias=bias,
        tied=c.flag("tied", True),
    )


def _llama(c: Reader) -> ModelConfig:
    bias = c.flag("attention_bias", c.flag("bias", False))
    return decoder(c, qkv_bias=bias, o_bias=bias, mlp_bias=c.flag("mlp_bias", False))


def _mistral(c: Reader) -> ModelConfig:
    window = c.whole("sliding_window", 0 if "sliding_window" in c.config else 4096)
    return decoder(c, window=window, window_layers=c.size("layers") if window else 0)


def _qwen2(c: Reader) -> ModelConfig:
    return decoder(c, qkv_bias=c.flag("qkv_bias", True))


def _qwen3(c: Reader) -> ModelConfig:
    bias = c.flag("attention_bias", False)
    return decoder(c, qk_norm="head", head_dim=c.size("head_dim", 128), qkv_bias=bias, o_bias=bias)


def _qwen1(c: Reader) -> ModelConfig:
    """Qwen-7B and its kin: the config counts both halves of the gated layer as one width."""
    return decoder(c, fused_qkv=True, qkv_bias=True, intermediate=c.size("intermediate") // 2)


def _baichuan(c: Reader) -> ModelConfig:
    return decoder(c, fused_qkv=True)


def _internlm(c: Reader) -> ModelConfig:
    bias = c.flag("bias", True)
    return decoder(c, qkv_bias=bias, o_bias=bias)


def _internlm2(c: Reader) -> ModelConfig:
    return decoder(c, fused_qkv=True)


def _gemma(c: Reader) -> ModelConfig:
    return _gemma_style(c)


def _gemma2(c: Reader) -> ModelConfig:
    layers = c.size("layers")
    return _gemma_style(
        c,
        block_norms=4,
        softcap=True,
        window=c.whole("sliding_window", 4096),
        window_layers=window_layers(c, (layers + 1) // 2),
    )


def _gemma3(c: Reader) -> ModelConfig:
    layers = c.size("layers")
    every = c.size("sliding_window_pattern", 6)
    return _gemma_style(
        c,
        block_norms=4,
        qk_norm="head",
        window=c.whole("sliding_window", 4096),
        window_layers=window_layers(c, layers - layers // every),
    )


def _gemma_style(c: Reader, **changes: Any) -> ModelConfig:
    return decoder(
        c,
        block="gemma",
        head_dim=c.size("head_dim", 256),
        activation="gelu_pytorch_tanh",
        tied=c.flag("tied", True),
        **changes,
    )


def _phi3(c: Reader) -> ModelConfig:
    return decoder(c, fused_qkv=True, fused_gate_up=True, **has_window(c))


def _glm(c: Reader) -> ModelConfig:
    return decoder(
        c,
        fused_gate_up=True,
        qkv_bias=c.flag("attention_bias", True),
        head_dim=c.size("head_dim", 128),
        block_norms=4 if c.text("model_type", "glm") == "glm4" else 2,
    )


def _chatglm(c: Reader) -> ModelConfig:
    """ChatGLM2 and 3; the first ChatGLM (which says inner_hidden_size) is built like GPT."""
    if c.find("inner_hidden_size") is not None:
        inner = c.size("inner_hidden_size")
        return gpt_style(c, block="neox", fused_qkv=True, intermediate=inner, dropout=0.0)
    return decoder(
        c,
        fused_qkv=True,
        fused_gate_up=True,
        qkv_bias=c.flag("add_qkv_bias", True),
        mlp_bias=c.flag("add_bias_linear", False),
        o_bias=c.flag("add_bias_linear", False),
    )


def _stablelm(c: Reader) -> ModelConfig:
    parallel = c.flag("use_parallel_residual", False)
    return decoder(
        c,
        norm="layer",
        qkv_bias=c.flag("use_qkv_bias", False),
        parallel=parallel,
        block_norms=1 if parallel else 2,
    )


def _cohere(c: Reader) -> ModelConfig:
    bias = c.flag("attention_bias", False)
    return decoder(
        c,
        norm="layer_no_bias",
        parallel=True,
        block_norms=1,
        qkv_bias=bias,
        o_bias=bias,
        tied=c.flag("tied", True),
        qk_norm="hidden" if c.flag("use_qk_norm", False) else "none",
        **has_window(c),
    )


def _olmo(c: Reader) -> ModelConfig:
    return decoder(c, norm="none", block_norms=0)


def _olmo2(c: Reader) -> ModelConfig:
    return decoder(c, qk_norm="hidden", **has_window(c))


def _granite(c: Reader) -> ModelConfig:
    bias = c.flag("attention_bias", False)
    return decoder(c, qkv_bias=bias, o_bias=bias, mlp_bias=c.flag("mlp_bias", False))


def _smollm3(c: Reader) -> ModelConfig:
    return decoder(c, tied=c.flag("tied", True))


def _ernie(c: Reader) -> ModelConfig:
    bias = c.flag("use_bias", False)
    return decoder(c, tied=c.flag("tied", True), qkv_bias=bias, o_bias=bias, mlp_bias=bias)


LLAMA_FAMILIES: dict[str, Callable[[Reader], ModelConfig]] = {
    "starcoder2": _starcoder2,
    "llama": _llama,
    "mistral": _mistral,
    "qwen": _qwen1,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "baichuan": _baichuan,
    "internlm": _internlm,
    "internlm2": _internlm2,
    "gemma": _gemma,
    "gemma2": _gemma2,
    "gemma3_text": _gemma3,
    "phi3": _phi3,
    "glm": _glm,
    "glm4": _glm,
    "chatglm": _chatglm,
    "stablelm": _stablelm,
    "cohere": _cohere,
    "cohere2": _cohere,
    "olmo": _olmo,
    "olmo2": _olmo2,
    "olmo3": _olmo2,
    "granite": _granite,
    "smollm3": _smollm3,
    "ernie4_5": _ernie,
}
