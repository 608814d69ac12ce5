"""Activations of fused kernels: Korthikanti et al. 2022 (arXiv 2205.05198), made general.

For the GPT block of the paper the sum below is its sbh(34 + 5as/h) bytes per layer; grouped
queries, gated feed-forwards, experts, latent attention, other dtypes and no dropout follow from
the same rules: a norm, an activation function and a trained matrix keep their input, a softmax its
result, dropout one byte per element, and a fused attention kernel only one number per row.
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.memory.model import ModelConfig


@dataclass(frozen=True)
class Fused:
    """Bytes that one layer keeps on one GPU, in the paper's three groups."""

    whole: float  # not split by tensor parallelism alone: norms, inputs, residual dropout
    split: float  # split by it: projections, heads, the feed-forward's inside
    scores: float  # the attention matrix: softmax, its dropout; also split

    @property
    def total(self) -> float:
        return self.whole + self.split + self.scores


def layer_bytes(
    model: ModelConfig,
    *,
    batch: int,
    seq: int,
    kind: str = "dense",
    attention: str = "eager",
    recompute: str = "none",
    item: float = 2.0,
    tp: int = 1,
    sp: bool = False,
    cp: int = 1,
    dropout: bool = True,
    adapted: frozenset[str] | None = None,
    rank: int = 0,
) -> Fused:
    """Bytes of activations that one layer keeps for backward.

    batch and seq are of one micro-batch. `attention` "eager" keeps the matrix of scores, "sdpa" and
    "flash" do not. `recompute` "selective" drops the scores again (section 5 of the paper), "full"
    keeps the layer's input only. With frozen weights `adapted` are the roles of the projections
    that carry LoRA adapters of that rank: only they keep their input, and `rank` numbers each.
    """
    tokens = batch * seq / cp
    if recompute == "full":
        return Fused(tokens * model.hidden * item / (tp if sp else 1), 0.0, 0.0)
    whole = tokens * _whole(model, kind, item, dropout)
    split = tokens * _split(model, kind, item)
    if adapted is not None:
        whole -= tokens * _unkept_inputs(model, adapted, item)
        split += tokens * (len(adapted) * rank * item - _unkept_inside(model, kind, adapted, item))
    scores = 0.0
    if attention == "eager" and recompute == "none":
        scores = tokens * _scores(model, seq, kind, item, dropout)
    elif attention != "eager":
        scores = tokens * model.heads * 4.0
    return Fused(whole / (tp if sp else 1), split / tp, scores / tp)


def _whole(model: ModelConfig, kind: str, item: float, dropout: bool) -> float:
    """Per token: inputs of norms, inputs of both halves, masks of residual dropout."""
    halves = 1 if model.parallel and model.block_norms == 1 else 2
    norms = max(model.block_norms, 1) if model.parallel else max(model.block_norms, 2)
    if model.encoder_layers and kind != "encoder":
        halves, norms = halves + 1, norms + 1
    masks = halves if dropout and model.hidden_dropout else 0
    total = (norms + halves) * model.hidden * item + masks * model.hidden
    if model.latent:
        total += 2 * (model.latent.q_rank + model.latent.kv_rank) * item
    experts = model.experts
    if kind == "moe" and experts:
        total += experts.count * 4.0 + 2 * experts.top_k * model.hidden * item
    return total


def _split(model: ModelConfig, kind: str, item: float) -> float:
    """Per token: query, key, value, the heads' output, and the inside of the feed-forward."""
    kv = model.kv_width + (model.v_width if model.latent else model.kv_width)
    heads = model.q_width + kv + model.v_width
    if model.qk_norm != "none":
        heads += model.q_width + model.kv_width
    if model.encoder_layers and kind != "encoder":
        heads *= 2
    experts = model.experts
    width: float = model.intermediate
    if kind == "moe" and experts:
        width = experts.top_k * experts.intermediate + experts.shared_intermediate
    return (heads + (3 if model.gated else 2) * width) * item


def _unkept_inputs(model: ModelConfig, adapted: frozenset[str], item: float) -> float:
    """Per token: inputs of the two halves that no trained matrix reads."""
    attention = adapted & {"q", "k", "v", "qkv", "q_a", "kv_a"}
    mlp = adapted & {"gate", "up", "gate_up"}
    if model.parallel and model.block_norms == 1:
        return 0.0 if attention or mlp else model.hidden * item
    return ((not attention) + (not mlp)) * model.hidden * item


def _unkept_inside(model: ModelConfig, kind: str, adapted: frozenset[str], item: float) -> float:
    """Per token: the feed-forward's product, which only its last matrix would keep."""
    experts = model.experts
    if "down" in adapted:
        return 0.0
    if kind == "moe" and experts:
        return (experts.top_k * experts.intermediate + experts.shared_intermediate) * item
    return model.intermediate * item


def _scores(model: ModelConfig, seq: int, kind: str, item: float, dropout: bool) -> float:
    """Per token: a row of softmax for each head; with dropout also its mask and its result."""
    per_score = item + (1 + item if dropout and model.attention_dropout else 0)
    times = 2 if model.encoder_layers and kind != "encoder" else 1
    return times * model.heads * seq * per_score


def selective_saving(model: ModelConfig, seq: int) -> float:
    """The share of a layer's activations that selective recomputation saves."""
    none = layer_bytes(model, batch=1, seq=seq)
    selective = layer_bytes(model, batch=1, seq=seq, recompute="selective")
    return 1 - selective.total / none.total


def interleaved_factor(stages: int, chunks: int) -> float:
    """1 + (p-1)/(pm): what interleaving m chunks adds on the first stage (section 4.2.3)."""
    return 1 + (stages - 1) / (stages * chunks)


def output_bytes(
    model: ModelConfig, *, batch: int, seq: int, item: float, tp: int, sp: bool, cp: int
) -> float:
    """What the final norm, the head and the fp32 logits keep on the last stage (section 4.3)."""
    tokens = batch * seq / cp
    if model.head == "none":
        return tokens * model.hidden * item / (tp if sp else 1)
    ends = 2 * model.hidden * item / (tp if sp else 1)
    return tokens * (ends + 4.0 * model.vocab / tp)


def input_bytes(
    model: ModelConfig, *, batch: int, seq: int, tp: int, sp: bool, cp: int, dropout: bool
) -> float:
    """The mask of the embedding's dropout on the first stage, per micro-batch in flight."""
    if not (dropout and model.embedding_dropout):
        return 0.0
    return batch * seq / cp * model.hidden / (tp if sp else 1)
