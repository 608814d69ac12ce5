"""Two shapes that nearly every family is a variation of: the GPT block and the Llama block."""

from __future__ import annotations

from typing import Any

from topics.labs.memory.model import ModelConfig
from topics.labs.memory.reader import Reader
from topics.labs.memory.units import refuse

NORMS = {"rmsnorm": "rms", "layernorm": "layer"}
GATED = {"swiglu": True, "geglu": True, "gelu": False, "relu": False}


def gpt_style(c: Reader, *, block: str, dropout: float = 0.1, **changes: Any) -> ModelConfig:
    """LayerNorm, biases everywhere, an ungated feed-forward of four times the width, tied tables.

    `dropout` is the family's default where the dictionary does not say.
    """
    heads = c.size("heads")
    hidden = c.size("hidden")
    bias = c.flag("bias", True)
    fields: dict[str, Any] = {
        "kv_heads": heads,
        "head_dim": _head_dim(c, hidden, heads),
        "intermediate": c.whole("intermediate", 0) or 4 * hidden,
        "norm": "layer",
        "gated": False,
        "activation": c.text("activation", "gelu_new"),
        "qkv_bias": bias,
        "o_bias": bias,
        "mlp_bias": bias,
        "tied": c.flag("tied", True),
        "attention_dropout": c.fraction("attention_dropout", dropout),
        "hidden_dropout": c.fraction("hidden_dropout", dropout),
        "embedding_dropout": c.fraction("embedding_dropout", dropout),
    }
    return _model(c, {**fields, "block": block, **changes})


def decoder(c: Reader, **changes: Any) -> ModelConfig:
    """RMSNorm, rotary positions, grouped queries, a gated feed-forward, separate tables."""
    heads = c.size("heads")
    hidden = c.size("hidden")
    fields: dict[str, Any] = {
        "block": "llama",
        "kv_heads": c.size("kv_heads", heads),
        "activation": c.text("activation", "silu"),
        "tied": c.flag("tied", False),
        "attention_dropout": c.fraction("attention_dropout", 0.0),
    }
    for field in ("head_dim", "intermediate"):
        if field not in changes:
            size = _head_dim(c, hidden, heads) if field == "head_dim" else c.size("intermediate")
            fields[field] = size
    return _model(c, {**fields, **changes})


def has_window(c: Reader) -> dict[str, int]:
    """The fields of a sliding window where the dictionary has one."""
    window = c.whole("sliding_window", 0)
    return {"window": window, "window_layers": window_layers(c, c.size("layers")) if window else 0}


def window_layers(c: Reader, default: int) -> int:
    """How many layers slide: counted in `layer_types` where that is given."""
    kinds = c.find("layer_types")
    if isinstance(kinds, (list, tuple)) and kinds:
        return sum(kind == "sliding_attention" for kind in kinds)
    return default


def _head_dim(c: Reader, hidden: int, heads: int) -> int:
    given = c.whole("head_dim", 0)
    if given:
        return given
    if hidden % heads:
        raise refuse(
            "hidden size {hidden} is not divisible by {heads} heads; give head_dim if they differ",
            hidden=hidden,
            heads=heads,
        )
    return hidden // heads


def _model(c: Reader, fields: dict[str, Any]) -> ModelConfig:
    positions = c.whole("positions", 0)
    base: dict[str, Any] = {
        "name": "",
        "family": c.text("model_type", "gpt2"),
        "hidden": c.size("hidden"),
        "layers": c.size("layers"),
        "heads": c.size("heads"),
        "vocab": c.whole("vocab", 0),
        "max_seq_len": positions or fields.get("positions") or 2048,
    }
    return ModelConfig(**{**base, **fields, **_said_outright(c, fields)})


def _said_outright(c: Reader, fields: dict[str, Any]) -> dict[str, Any]:
    """Keys of a hand-written dictionary that overrule what its family usually has."""
    found: dict[str, Any] = {}
    if c.find("qkv_bias") is not None:
        found["qkv_bias"] = c.flag("qkv_bias", False)
    if c.find("qk_norm") is not None and fields.get("qk_norm", "none") == "none":
        found["qk_norm"] = "head" if c.flag("qk_norm", False) else "none"
    if c.text("norm", "") in NORMS:
        found["norm"] = NORMS[c.text("norm", "")]
    if c.text("mlp", "") in GATED:
        found["gated"] = GATED[c.text("mlp", "")]
    return found
