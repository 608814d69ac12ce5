"""Families built like GPT: LayerNorm, biases, an ungated feed-forward."""

from __future__ import annotations

from collections.abc import Callable

from topics.labs.memory.model import ModelConfig
from topics.labs.memory.reader import Reader
from topics.labs.memory.shapes import gpt_style


def _gpt2(c: Reader) -> ModelConfig:
    return gpt_style(c, block="gpt2", fused_qkv=True, positions=c.whole("positions", 1024))


def _gpt_neo(c: Reader) -> ModelConfig:
    layers = c.size("layers")
    return gpt_style(
        c,
        block="gpt2",
        qkv_bias=False,
        positions=c.whole("positions", 2048),
        dropout=0.0,
        window=c.whole("window_size", 256),
        window_layers=layers // 2,
    )


def _gptj(c: Reader) -> ModelConfig:
    return gpt_style(
        c,
        block="gptj",
        qkv_bias=False,
        o_bias=False,
        head_bias=c.flag("lm_head_bias", True),
        tied=c.flag("tied", False),
        parallel=True,
        block_norms=1,
        dropout=0.0,
    )


def _gpt_neox(c: Reader) -> ModelConfig:
    bias = c.flag("attention_bias", True)
    return gpt_style(
        c,
        block="neox",
        fused_qkv=True,
        qkv_bias=bias,
        o_bias=bias,
        activation="gelu",
        tied=c.flag("tied", False),
        parallel=c.flag("use_parallel_residual", True),
        dropout=0.0,
    )


def _opt(c: Reader) -> ModelConfig:
    hidden = c.size("hidden")
    token_width = c.whole("word_embed_proj_dim", hidden)
    before = c.flag("do_layer_norm_before", True)
    positions = c.whole("positions", 2048)
    return gpt_style(
        c,
        block="opt",
        activation="relu",
        positions=positions + 2 if positions else 0,
        qkv_bias=c.flag("enable_bias", True),
        o_bias=c.flag("enable_bias", True),
        mlp_bias=c.flag("enable_bias", True),
        final_norm=before and not c.flag("_remove_final_layer_norm", False),
        embedding_dim=0 if token_width == hidden else token_width,
        attention_dropout=c.fraction("attention_dropout", 0.0),
        embedding_dropout=c.fraction("hidden_dropout", 0.1),
    )


def _bloom(c: Reader) -> ModelConfig:
    return gpt_style(
        c, block="bloom", fused_qkv=True, activation="gelu", embedding_norm=True, dropout=0.0
    )


def _falcon(c: Reader) -> ModelConfig:
    heads = c.size("heads")
    new = c.flag("new_decoder_architecture", c.whole("kv_heads", 1) not in (1, heads))
    parallel = c.flag("parallel_attn", True) or new
    multi_query = c.flag("multi_query", True)
    norms = c.whole("num_ln_in_parallel_attn", 2 if new else 1) if parallel else 2
    return gpt_style(
        c,
        block="falcon",
        fused_qkv=True,
        kv_heads=c.size("kv_heads", heads) if new else (1 if multi_query else heads),
        qkv_bias=c.flag("bias", False),
        o_bias=c.flag("bias", False),
        mlp_bias=c.flag("bias", False),
        activation="gelu",
        parallel=parallel,
        block_norms=norms,
        dropout=0.0,
    )


def _mpt(c: Reader) -> ModelConfig:
    hidden = c.size("hidden")
    bias = not c.flag("no_bias", True)
    return gpt_style(
        c,
        block="bloom",
        fused_qkv=True,
        intermediate=c.size("expansion_ratio", 4) * hidden,
        norm="layer_no_bias",
        qkv_bias=bias,
        o_bias=bias,
        mlp_bias=bias,
        activation="gelu",
        dropout=0.0,
    )


def _phi(c: Reader) -> ModelConfig:
    return gpt_style(
        c,
        block="phi",
        kv_heads=c.size("kv_heads", c.size("heads")),
        head_bias=c.flag("lm_head_bias", True),
        tied=c.flag("tied", False),
        parallel=True,
        block_norms=1,
        dropout=0.0,
    )


GPT_FAMILIES: dict[str, Callable[[Reader], ModelConfig]] = {
    "gpt2": _gpt2,
    "gpt_neo": _gpt_neo,
    "gptj": _gptj,
    "gpt_neox": _gpt_neox,
    "opt": _opt,
    "bloom": _bloom,
    "falcon": _falcon,
    "mpt": _mpt,
    "phi": _phi,
}
