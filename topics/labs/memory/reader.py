"""Reading a model's dictionary under any of the names its numbers go by.

GPT-2 says n_embd where Llama says hidden_size and T5 d_model; a hand-written dictionary may just
say hidden. `Reader` looks a number up under all its names and complains in words when it is
missing or is not a number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from topics.labs.memory.units import refuse

NAMES: dict[str, tuple[str, ...]] = {
    "hidden": ("hidden_size", "n_embd", "d_model", "dim", "hidden", "h"),
    "layers": (
        "num_hidden_layers",
        "n_layer",
        "num_layers",
        "n_layers",
        "layers",
        "decoder_layers",
        "L",
    ),
    "heads": (
        "num_attention_heads",
        "n_head",
        "num_heads",
        "n_heads",
        "heads",
        "decoder_attention_heads",
        "a",
    ),
    "kv_heads": (
        "num_key_value_heads",
        "num_kv_heads",
        "n_head_kv",
        "multi_query_group_num",
        "kv_heads",
    ),
    "head_dim": ("head_dim", "d_kv", "kv_channels", "attention_head_dim"),
    "intermediate": (
        "intermediate_size",
        "n_inner",
        "ffn_dim",
        "d_ff",
        "ffn_hidden_size",
        "hidden_dim",
        "decoder_ffn_dim",
        "ffn",
        "dense_ffn",
    ),
    "vocab": ("vocab_size", "padded_vocab_size", "vocab", "v"),
    "positions": (
        "max_position_embeddings",
        "n_positions",
        "max_seq_len",
        "seq_length",
        "n_ctx",
        "n_pos",
        "seq",
        "s",
    ),
    "tied": ("tie_word_embeddings", "tied"),
    "experts": (
        "num_local_experts",
        "num_experts",
        "n_routed_experts",
        "routed_experts",
        "experts",
        "moe_num_experts",
    ),
    "top_k": ("num_experts_per_tok", "top_k", "moe_k", "moe_top_k"),
    "expert_width": ("moe_intermediate_size", "moe_ffn"),
    "shared_experts": ("n_shared_experts", "shared_experts", "moe_num_shared_experts"),
    "first_dense": ("first_k_dense_replace", "first_dense_layers", "moe_layer_start_index"),
    "token_types": ("type_vocab_size", "type_vocab", "token_types"),
    "shared_width": ("shared_expert_intermediate_size", "shared_ffn"),
    "activation": (
        "hidden_act",
        "hidden_activation",
        "activation_function",
        "activation",
        "dense_act_fn",
    ),
    "attention_dropout": ("attention_dropout", "attn_pdrop", "attention_probs_dropout_prob"),
    "hidden_dropout": (
        "hidden_dropout",
        "resid_pdrop",
        "hidden_dropout_prob",
        "resid_dropout",
        "residual_dropout",
        "dropout_rate",
        "dropout",
    ),
    "embedding_dropout": ("embd_pdrop", "embed_dropout", "embedding_dropout", "emb_pdrop"),
}


class Reader:
    """Looks numbers up in a model's dictionary, whatever they are called there."""

    def __init__(self, config: Mapping[str, object]) -> None:
        self.config = config

    def find(self, field: str) -> object | None:
        """The value under any of the field's names; None where absent or null."""
        for name in NAMES.get(field, (field,)):
            if self.config.get(name) is not None:
                return self.config[name]
        return None

    def whole(self, field: str, default: int | None = None) -> int:
        """A whole number that is at least 0; `default` where absent."""
        value = self.find(field)
        if value is None:
            if default is None:
                raise refuse(
                    "the model needs {field}: give {names}", field=field, names=self._names(field)
                )
            return default
        number = value if isinstance(value, (int, float)) else math.nan
        if isinstance(value, bool) or not math.isfinite(number) or number != int(number):
            raise refuse("{field} must be a whole number, not {value!r}", field=field, value=value)
        if number < 0:
            raise refuse("{field} must not be negative, and is {value!r}", field=field, value=value)
        return int(number)

    def size(self, field: str, default: int | None = None) -> int:
        """A whole number that is at least 1."""
        value = self.whole(field, default)
        if value < 1:
            raise refuse("{field} must be at least 1, and is {value}", field=field, value=value)
        return value

    def fraction(self, field: str, default: float = 0.0) -> float:
        value = self.find(field)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise refuse(
                "{field} must be a number from 0 to 1, not {value!r}", field=field, value=value
            )
        return float(value)

    def flag(self, field: str, default: bool) -> bool:
        value = self.find(field)
        return default if value is None else bool(value)

    def text(self, field: str, default: str) -> str:
        value = self.find(field)
        return default if value is None else str(value)

    def _names(self, field: str) -> str:
        names = NAMES.get(field, (field,))
        return names[0] + (f" ({', '.join(names[1:])})" if names[1:] else "")
