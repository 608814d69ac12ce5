"""One block of each family as its code in transformers 5 runs it, played on a tape.

`trace(model, run, kind)` returns the tape with the block's input and output. A family without an
entry of its own runs like Llama (or like GPT where it is built so); `exact` says which are compared
with transformers by the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from topics.labs.memory.hf_attention import attend
from topics.labs.memory.hf_latent import latent_attention
from topics.labs.memory.hf_moe import mixture
from topics.labs.memory.hf_parts import Parts
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.run import Run
from topics.labs.memory.tape import Tape, Value

Kind = Literal["dense", "moe", "encoder"]


@dataclass(frozen=True)
class Traced:
    """A block's tape with the value that entered and the one that left it."""

    tape: Tape
    input: Value
    output: Value
    shared: tuple[Value, ...] = ()

    @property
    def saved(self) -> float:
        """Bytes that this block alone keeps for backward."""
        return self.tape.saved_bytes(self.shared)


def _feed_forward(p: Parts, x: Value, kind: Kind) -> Value:
    return mixture(p, x) if kind == "moe" else p.mlp(x)


def _self_attention(p: Parts, x: Value) -> Value:
    """Projections, norms of query and key, rotation, the core, the output projection."""
    model = p.model
    q, k, v = p.qkv(x)
    if model.qk_norm != "none":
        by_head = model.qk_norm == "head"
        q = p.norm(q, model.head_dim if by_head else q.elements / p.tokens)
        k = p.norm(k, model.head_dim if by_head else k.elements / p.tokens)
    q, k = p.rotate(q), p.rotate(k)
    joined = model.family in ("phi3", "glm", "glm4", "glm4_moe", "stablelm")
    core = attend(p, q, k, v, eager_only=model.softcap or model.sinks, by_head=joined)
    return p.output(core)


def _llama(p: Parts, x: Value, kind: Kind) -> Value:
    """Llama and its kin: norm, attention, add, norm, feed-forward, add; four norms in some."""
    tape, four = p.tape, p.model.block_norms == 4
    if p.model.family in ("olmo2", "olmo3"):
        x = tape.add(x, p.norm(_self_attention(p, x)))
        return tape.add(x, p.norm(_feed_forward(p, x, kind)))
    normed = p.norm(x)
    attended = _self_attention(p, normed)
    if p.model.parallel:
        return tape.add(tape.add(x, attended), _feed_forward(p, normed, kind))
    x = tape.add(x, p.norm(attended) if four else attended)
    fed = _feed_forward(p, p.norm(x), kind)
    return tape.add(x, p.norm(fed) if four else fed)


def _latent(p: Parts, x: Value, kind: Kind) -> Value:
    x = p.tape.add(x, latent_attention(p, p.norm(x)))
    return p.tape.add(x, _feed_forward(p, p.norm(x), kind))


def _gpt2(p: Parts, x: Value, kind: Kind) -> Value:
    q, k, v = p.qkv(p.layer_norm(x))
    neo = p.model.family == "gpt_neo"
    if neo:
        q, k = p.tape.cast(q, 4.0), p.tape.cast(k, 4.0)
    attended = p.output(attend(p, q, k, v, softmax_fp32=neo, eager_only=neo))
    x = p.tape.add(p.residual_dropout(attended), x)
    return p.tape.add(x, p.residual_dropout(p.mlp(p.layer_norm(x))))


def _opt(p: Parts, x: Value, kind: Kind) -> Value:
    before = p.model.final_norm
    y = p.layer_norm(x) if before else x
    q, k, v = p.qkv(y)
    x = p.tape.add(x, p.residual_dropout(p.output(attend(p, q, k, v))))
    x = x if before else p.layer_norm(x)
    x = p.tape.add(x, p.residual_dropout(p.mlp(p.layer_norm(x) if before else x)))
    return x if before else p.layer_norm(x)


def _bloom(p: Parts, x: Value, kind: Kind) -> Value:
    q, k, v = p.qkv(p.layer_norm(x))
    x = p.tape.add(p.residual_dropout(p.output(attend(p, q, k, v, eager_only=True))), x)
    return p.tape.add(p.residual_dropout(p.mlp(p.layer_norm(x))), x)


def _parallel(p: Parts, x: Value, kind: Kind) -> Value:
    """GPT-NeoX, GPT-J, Phi: attention and feed-forward read the same residual stream."""
    model, tape = p.model, p.tape
    normed = p.layer_norm(x)
    q, k, v = p.qkv(normed)
    q, k = p.rotate(q), p.rotate(k)
    if model.block == "gptj":
        q, k = tape.cast(q, 4.0), tape.cast(k, 4.0)
    core = attend(p, q, k, v, eager_only=model.block == "gptj", by_head=True)
    attended = p.residual_dropout(p.output(core))
    if not model.parallel:
        x = tape.add(x, attended)
        return tape.add(x, p.residual_dropout(p.mlp(p.layer_norm(x))))
    fed = p.residual_dropout(p.mlp(p.layer_norm(x) if model.block_norms == 2 else normed))
    return tape.add(tape.add(fed, attended), x)


def _falcon(p: Parts, x: Value, kind: Kind) -> Value:
    """Falcon: as GPT-NeoX, but its SDPA always gets a mask and its eager softmax stays in bf16."""
    model, tape = p.model, p.tape
    normed = p.layer_norm(x)
    q, k, v = p.qkv(normed)
    q, k = p.rotate(q), p.rotate(k)
    v = tape.copy(v)
    single = model.kv_heads == 1
    core = attend(p, q, k, v, softmax_fp32=False, masked=True, repeat=not single)
    attended = p.output(core)
    if model.parallel:
        fed = p.mlp(p.layer_norm(x) if model.block_norms == 2 else normed)
        return tape.add(tape.add(fed, attended), x)
    x = tape.add(x, attended)
    return tape.add(p.mlp(p.layer_norm(x)), x)


def _bert(p: Parts, x: Value, kind: Kind) -> Value:
    q, k, v = p.qkv(x)
    attended = p.output(attend(p, q, k, v, softmax_fp32=False))
    if p.model.block == "bert":
        attended = p.residual_dropout(attended)
    x = p.layer_norm(p.tape.add(attended, x))
    return p.layer_norm(p.tape.add(p.residual_dropout(p.mlp(x)), x))


def _t5(p: Parts, x: Value, kind: Kind) -> Value:
    """T5: no scaling, a position bias that is added, dropout after each part."""
    tape = p.tape
    padded = p.run.mask and kind == "encoder"
    q, k, v = p.qkv(p.norm(x))
    core = attend(p, q, k, v, softmax_fp32=False, masked=padded, bias_heads=p.heads)
    x = tape.add(x, p.residual_dropout(p.output(core)))
    if kind != "encoder":
        x = tape.add(x, p.residual_dropout(_cross_attention(p, p.norm(x))))
    return tape.add(x, p.residual_dropout(_t5_mlp(p, p.norm(x))))


def _t5_mlp(p: Parts, x: Value) -> Value:
    model, tape = p.model, p.tape
    width = model.intermediate / p.run.tp
    inner = p.activation(p.linear(x, model.hidden, width, "gate" if model.gated else "up"))
    if model.gated:
        inner = tape.multiply(inner, p.linear(x, model.hidden, width, "up"))
    return p.linear(p.residual_dropout(inner), width, model.hidden, "down")


def _cross_attention(p: Parts, x: Value) -> Value:
    """Queries from the decoder; keys and values from the encoder's output, shared by all layers."""
    model = p.model
    width = p.heads * model.head_dim
    encoded = p.tape.new(p.tokens * model.hidden)
    p.shared = (encoded,)
    q = p.linear(x, model.hidden, width, "q", model.qkv_bias)
    k = p.linear(encoded, model.hidden, width, "k", model.qkv_bias)
    v = p.linear(encoded, model.hidden, width, "v", model.qkv_bias)
    heads = p.heads if model.block == "t5" and p.run.mask else 0.0
    return p.output(attend(p, q, k, v, softmax_fp32=False, bias_heads=heads))


def _bart(p: Parts, x: Value, kind: Kind) -> Value:
    q, k, v = p.qkv(x)
    attended = p.output(attend(p, q, k, v, softmax_fp32=False))
    x = p.layer_norm(p.tape.add(x, p.residual_dropout(attended)))
    if kind != "encoder":
        x = p.layer_norm(p.tape.add(x, p.residual_dropout(_cross_attention(p, x))))
    return p.layer_norm(p.tape.add(x, p.residual_dropout(p.mlp(x))))


BLOCKS: dict[str, Callable[[Parts, Value, Kind], Value]] = {
    "llama": _llama,
    "gemma": _llama,
    "latent": _latent,
    "gpt2": _gpt2,
    "opt": _opt,
    "bloom": _bloom,
    "neox": _parallel,
    "gptj": _parallel,
    "phi": _parallel,
    "falcon": _falcon,
    "bert": _bert,
    "distilbert": _bert,
    "t5": _t5,
    "bart": _bart,
}


def trace(model: ModelConfig, run: Run, kind: Kind = "dense", grad: bool = True) -> Traced:
    """One block on a tape. `grad`: does the block's input need a gradient?"""
    parts = Parts(model, run)
    x = parts.input(grad)
    out = BLOCKS[model.block](parts, x, kind)
    return Traced(parts.tape, x, out, parts.shared)
