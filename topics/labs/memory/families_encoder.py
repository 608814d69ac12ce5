"""Encoders (BERT and kin) and encoder-decoders (T5, BART)."""

from __future__ import annotations

from collections.abc import Callable

from topics.labs.memory.model import ModelConfig
from topics.labs.memory.reader import Reader
from topics.labs.memory.shapes import decoder, gpt_style


def _bert(c: Reader) -> ModelConfig:
    kinds = " ".join(str(a) for a in _architectures(c))
    masked = "MaskedLM" in kinds or "PreTraining" in kinds
    roberta = "roberta" in c.text("model_type", "bert")
    return gpt_style(
        c,
        block="bert",
        activation="gelu",
        positions=c.whole("positions", 512),
        token_types=c.whole("token_types", 1 if roberta else 2),
        embedding_norm=True,
        final_norm=False,
        head="mlm" if masked else "none",
        pooler=not masked or ("PreTraining" in kinds),
    )


def _distilbert(c: Reader) -> ModelConfig:
    kinds = " ".join(str(a) for a in _architectures(c))
    return gpt_style(
        c,
        block="distilbert",
        activation="gelu",
        positions=c.whole("positions", 512),
        embedding_norm=True,
        final_norm=False,
        head="mlm" if "MaskedLM" in kinds else "none",
    )


def _t5(c: Reader) -> ModelConfig:
    layers = c.size("layers")
    hidden = c.size("hidden")
    feed = c.text("feed_forward_proj", "relu")
    dropout = c.fraction("hidden_dropout", 0.1)
    return decoder(
        c,
        block="t5",
        layers=c.size("num_decoder_layers", layers),
        encoder_layers=layers,
        kv_heads=c.size("heads"),
        head_dim=c.size("head_dim", hidden // c.size("heads")),
        gated=feed.startswith("gated"),
        activation="gelu_new" if "gelu" in feed else "relu",
        relative_buckets=c.size("relative_attention_num_buckets", 32),
        tied=c.flag("tied", True),
        attention_dropout=dropout,
        hidden_dropout=dropout,
        embedding_dropout=dropout,
        max_seq_len=c.size("positions", 512),
    )


def _bart(c: Reader) -> ModelConfig:
    return gpt_style(
        c,
        block="bart",
        activation="gelu",
        layers=c.size("decoder_layers"),
        encoder_layers=c.size("encoder_layers"),
        positions=c.size("positions", 1024) + 2,
        embedding_norm=True,
        final_norm=False,
        attention_dropout=c.fraction("attention_dropout", 0.0),
    )


def _architectures(c: Reader) -> list[object]:
    named = c.config.get("architectures") or []
    return list(named) if isinstance(named, (list, tuple)) else []


ENCODER_FAMILIES: dict[str, Callable[[Reader], ModelConfig]] = {
    "bert": _bert,
    "roberta": _bert,
    "xlm-roberta": _bert,
    "distilbert": _distilbert,
    "t5": _t5,
    "mt5": _t5,
    "bart": _bart,
}
