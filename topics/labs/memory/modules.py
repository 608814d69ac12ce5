"""The weights of a model, module by module: what every count in the laboratory adds up.

Names and shapes are those of the model's class in transformers, so that LoRA targets mean here what
they mean to `peft`, and totals can be checked against the model itself on the meta device.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from topics.labs.memory.model import Experts, ModelConfig
from topics.labs.memory.names import Names, names_of

Split = Literal["column", "row", "none", "vocab"]
# Here peft 0.21 reads "all-linear" as it did when experts were modules of their own: it adapts the
# stacked experts (gate and up together with twice the rank) and the router, but then no longer the
# dense and shared feed-forwards beside them, whose names it has handed to the experts.
STACKED = {"mixtral", "qwen3_moe", "olmoe", "glm4_moe", "deepseek_v2", "deepseek_v3"}


@dataclass(frozen=True)
class Module:
    """One weight matrix (or vector) with its bias, and how many copies a layer has of it.

    `shape` is (out, in) for matrices and (size,) for vectors. `split` says how tensor parallelism
    cuts it: by output (column), by input (row), by vocabulary, or not at all. `linear` is true for
    what transformers holds in an nn.Linear (or Conv1D), which is what bitsandbytes quantises and
    `peft` adapts. `ranks` is how many times its rank "all-linear" gives an adapter here: once for
    such a module, except in the families of STACKED.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    bias: int = 0
    copies: int = 1
    split: Split = "none"
    linear: bool = True
    units: int = 0  # for keys and values: how many heads there are to spread over ranks
    ranks: int = -1  # -1: once where `linear`, else not at all
    kv_rows: int = 0  # in a fused query-key-value matrix: rows of the key (and of the value)

    @property
    def all_linear_ranks(self) -> int:
        return self.ranks if self.ranks >= 0 else int(self.linear)

    @property
    def weight(self) -> int:
        size = 1
        for width in self.shape:
            size *= width
        return size * self.copies

    @property
    def params(self) -> int:
        return self.weight + self.bias * self.copies


@dataclass(frozen=True)
class Layer:
    """`count` equal blocks: "dense" or "moe" ones of a decoder, or "encoder" ones."""

    kind: Literal["dense", "moe", "encoder"]
    count: int
    modules: tuple[Module, ...]

    @property
    def params(self) -> int:
        return sum(module.params for module in self.modules)


@dataclass(frozen=True)
class Inventory:
    """All weights of a model: the tables in front, the blocks in order, what comes after them."""

    front: tuple[Module, ...]
    layers: tuple[Layer, ...]
    back: tuple[Module, ...]

    @property
    def params(self) -> int:
        outside = sum(module.params for module in self.front + self.back)
        return outside + sum(layer.count * layer.params for layer in self.layers)


@lru_cache(maxsize=256)
def inventory(model: ModelConfig) -> Inventory:
    """Every weight of the model."""
    names = names_of(model.family)
    layers = [
        Layer("encoder", model.encoder_layers, _block(model, names, encoder=True)),
        Layer("dense", model.dense_layers, _block(model, names)),
        Layer("moe", model.moe_layers, _block(model, names, experts=model.experts)),
    ]
    return Inventory(_front(model), tuple(x for x in layers if x.count), _back(model))


def _front(model: ModelConfig) -> tuple[Module, ...]:
    width = model.token_width
    seq2seq = bool(model.encoder_layers)
    table = Module("embed_tokens", "embedding", (model.vocab, width), split="vocab", linear=False)
    found = [table]
    if model.positions:
        tables = 2 if seq2seq else 1
        shape = (model.positions, model.hidden if model.family == "opt" else width)
        found.append(Module("embed_positions", "position", shape, copies=tables, linear=False))
    if model.token_types:
        found.append(Module("token_type", "position", (model.token_types, width), linear=False))
    if model.embedding_norm:
        norm = _norm(model, "embedding_norm", width)
        found += [replace(module, copies=2 if seq2seq else 1) for module in norm]
    if model.token_width != model.hidden:
        bias = model.hidden if model.family == "electra" else 0
        found.append(Module("project_in", "projection", (model.hidden, width), bias))
    if model.relative_buckets:
        shape = (model.relative_buckets, model.heads)
        found.append(Module("relative_attention_bias", "position", shape, copies=2, linear=False))
    return tuple(found)


def _back(model: ModelConfig) -> tuple[Module, ...]:
    hidden = model.hidden
    found: list[Module] = []
    if model.final_norm:
        norm = _norm(model, "final_norm", hidden)
        found += [replace(module, copies=2 if model.encoder_layers else 1) for module in norm]
    if model.pooler:
        found.append(Module("pooler.dense", "pooler", (hidden, hidden), hidden))
    if model.head == "mlm":
        found.append(Module("transform.dense", "transform", (hidden, hidden), hidden))
        found += _norm(model, "transform.LayerNorm", hidden)
        found.append(Module("decoder.bias", "head_bias", (model.vocab,), split="vocab"))
    if model.token_width != hidden:
        found.append(Module("project_out", "projection", (model.token_width, hidden)))
    if model.head == "lm":
        bias = model.vocab if model.head_bias else 0
        if not model.tied:
            found.append(Module("lm_head", "head", (model.vocab, hidden), bias, split="vocab"))
        elif bias:
            found.append(Module("lm_head.bias", "head_bias", (bias,), split="vocab"))
    return tuple(found)


def _norm(model: ModelConfig, name: str, width: int) -> list[Module]:
    if model.norm == "none":
        return []
    bias = width if model.norm == "layer" else 0
    return [Module(name, "norm", (width,), bias, linear=False)]


def _block(
    model: ModelConfig, names: Names, experts: Experts | None = None, encoder: bool = False
) -> tuple[Module, ...]:
    norms = model.block_norms
    attention = _latent(model) if model.latent else _attention(model, names, "")
    if model.encoder_layers and not encoder:
        attention += _attention(model, names, "cross")
        norms += 1
    feed_forward = _experts(model, names, experts) if experts else _mlp(model, names)
    if model.experts and model.family in STACKED:
        feed_forward = [replace(m, ranks=_stacked_ranks(m)) for m in feed_forward]
    found = [*attention, *feed_forward]
    for i in range(norms):
        found += _norm(model, f"norm_{i + 1}", model.hidden)
    return tuple(found)


def _stacked_ranks(module: Module) -> int:
    return {"expert_gate_up": 2, "expert_down": 1, "router": 1}.get(module.role, 0)


def _attention(model: ModelConfig, names: Names, where: str) -> list[Module]:
    prefix = names.cross if where == "cross" else names.attention
    hidden = model.hidden
    q, kv = model.q_width, model.kv_width
    bias = 1 if model.qkv_bias else 0
    o = Module(
        prefix + names.o, "o", (hidden, model.v_width), hidden if model.o_bias else 0, split="row"
    )
    if model.fused_qkv and where != "cross":
        rows = q + 2 * kv
        qkv = Module(
            prefix + names.qkv,
            "qkv",
            (rows, hidden),
            bias * rows,
            split="column",
            units=model.kv_heads,
            kv_rows=kv,
        )
        found = [qkv, o]
    else:
        found = [Module(prefix + names.q, "q", (q, hidden), bias * q, split="column")]
        for name, role in ((names.k, "k"), (names.v, "v")):
            shape, units = (kv, hidden), model.kv_heads
            found.append(Module(prefix + name, role, shape, bias * kv, split="column", units=units))
        found.append(o)
    if model.qk_norm != "none":
        sizes = (model.head_dim, model.head_dim) if model.qk_norm == "head" else (q, kv)
        for name, size in zip(("q_norm", "k_norm"), sizes, strict=True):
            found.append(Module(prefix + name, "norm", (size,), linear=False))
    if model.sinks:
        found.append(Module(prefix + "sinks", "sinks", (model.heads,), linear=False))
    return found


def _latent(model: ModelConfig) -> list[Module]:
    """DeepSeek's projections: down to a small rank and up again to the heads."""
    latent = model.latent
    assert latent is not None
    hidden, prefix = model.hidden, "self_attn."
    q_out = model.heads * latent.qk_dim
    if latent.q_rank:
        found = [
            Module(prefix + "q_a_proj", "q_a", (latent.q_rank, hidden)),
            Module(prefix + "q_a_layernorm", "norm", (latent.q_rank,), linear=False),
            Module(prefix + "q_b_proj", "q_b", (q_out, latent.q_rank), split="column"),
        ]
    else:
        found = [Module(prefix + "q_proj", "q", (q_out, hidden), split="column")]
    kv_out = model.heads * (latent.nope_dim + latent.v_dim)
    kv_a = latent.kv_rank + latent.rope_dim
    return [
        *found,
        Module(prefix + "kv_a_proj_with_mqa", "kv_a", (kv_a, hidden)),
        Module(prefix + "kv_a_layernorm", "norm", (latent.kv_rank,), linear=False),
        Module(prefix + "kv_b_proj", "kv_b", (kv_out, latent.kv_rank), split="column"),
        Module(prefix + "o_proj", "o", (hidden, model.v_width), split="row"),
    ]


def _mlp(model: ModelConfig, names: Names, width: int = 0, prefix: str = "") -> list[Module]:
    width = width or model.intermediate
    prefix = prefix or names.mlp
    hidden = model.hidden
    up_bias = width if model.mlp_bias else 0
    down_bias = hidden if model.mlp_bias else 0
    found: list[Module] = []
    if model.gated and model.fused_gate_up:
        shape = (2 * width, hidden)
        found.append(Module(prefix + names.gate_up, "gate_up", shape, 2 * up_bias, split="column"))
    else:
        if model.gated:
            found.append(
                Module(prefix + names.gate, "gate", (width, hidden), up_bias, split="column")
            )
        found.append(Module(prefix + names.up, "up", (width, hidden), up_bias, split="column"))
    found.append(Module(prefix + names.down, "down", (hidden, width), down_bias, split="row"))
    return found


def _experts(model: ModelConfig, names: Names, experts: Experts) -> list[Module]:
    """Router, routed experts (one stacked tensor, not nn.Linear) and the shared expert."""
    hidden, width, count = model.hidden, experts.intermediate, experts.count
    bias = 1 if experts.expert_bias else 0
    found = [
        Module(
            names.mlp + "gate",
            "router",
            (count, hidden),
            count if experts.router_bias else 0,
            linear=model.family == "phimoe",
        ),
        Module(
            names.mlp + "experts.gate_up_proj",
            "expert_gate_up",
            (2 * width, hidden),
            bias * 2 * width,
            copies=count,
            split="column",
            linear=False,
        ),
        Module(
            names.mlp + "experts.down_proj",
            "expert_down",
            (hidden, width),
            bias * hidden,
            copies=count,
            split="row",
            linear=False,
        ),
    ]
    if experts.shared_intermediate:
        found += _mlp(model, names, experts.shared_intermediate, names.shared)
    if experts.shared_gate and experts.shared_intermediate:
        found.append(Module(names.mlp + "shared_expert_gate", "router", (1, hidden)))
    return found
