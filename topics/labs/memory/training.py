"""Activations, logits and temporary memory of one stage in training, moment by moment."""

from __future__ import annotations

from dataclasses import dataclass, replace

from topics.labs.memory import activations_fused as fused
from topics.labs.memory.counts import adapters
from topics.labs.memory.hf_step import Moment, StepMemory, Stretch, step_memory
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.modules import Layer
from topics.labs.memory.run import Run
from topics.labs.memory.setting import Setting
from topics.labs.memory.stages import Part, Stage
from topics.labs.memory.states import States
from topics.labs.memory.units import dtype_bytes


@dataclass(frozen=True)
class Usage:
    """What a stage needs beside its states: sizes, and the moments at which memory may peak."""

    activations: float
    per_layer: float
    logits: float
    moments: tuple[Moment, ...]


def fused_usage(s: Setting, model: ModelConfig, stage: Stage, states: States) -> Usage:
    """Activations as Megatron's kernels keep them; all gradients are resident throughout."""
    kept = working = per_layer = 0.0
    for part in stage.parts:
        if part.below_trained:
            continue
        one = _fused_layer(s, model, part.layer, s.recompute)
        kept += part.count * one
        per_layer = one
        if s.recompute == "full":
            working = max(working, _fused_layer(s, model, part.layer, "none"))
    activations = kept * stage.in_flight
    logits = 0.0
    if stage.front:
        logits += stage.in_flight * fused.input_bytes(
            model, batch=s.batch, seq=s.seq, tp=s.tp, sp=s.sp, cp=s.cp, dropout=s.dropout
        )
    if stage.back:
        logits += fused.output_bytes(
            model, batch=s.batch, seq=s.seq, item=s.item, tp=s.tp, sp=s.sp, cp=s.cp
        )
    temporary = working + gathered(s, states)
    moment = Moment("backward", activations, logits, states.gradients, temporary)
    return Usage(activations, per_layer, logits, (moment,))


def _fused_layer(s: Setting, model: ModelConfig, layer: Layer, recompute: str) -> float:
    return fused.layer_bytes(
        model,
        batch=s.batch,
        seq=s.seq,
        kind=layer.kind,
        attention=s.attention,
        recompute=recompute,
        item=s.item,
        tp=s.tp,
        sp=s.sp,
        cp=s.cp,
        dropout=s.dropout,
        adapted=frozenset(role for role, _ in _adapter_roles(s, layer)) if s.lora else None,
        rank=s.rank,
    ).total


def gathered(s: Setting, states: States) -> float:
    """ZeRO-3 brings one unit's weights together and makes its gradients before sharing them."""
    if s.zero < 3 or s.dp * s.cp == 1:
        return 0.0
    trained = states.trained / states.held if states.held else 0.0
    item = dtype_bytes(s.compute)
    return states.largest * item * (1 + (trained if s.mode == "train" else 0.0))


def hf_usage(s: Setting, model: ModelConfig, stage: Stage, states: States) -> Usage:
    """Activations as autograd keeps them for transformers' own modules."""
    step = step_memory(
        model,
        [_stretch(s, model, part) for part in stage.parts],
        front=_end_run(s, front=True) if stage.front else None,
        back=_end_run(s, front=False) if stage.back else None,
        in_flight=stage.in_flight,
    )
    return Usage(step.activations, step.per_layer, step.logits, _moments(s, states, step))


def _base_run(s: Setting) -> Run:
    return Run(
        batch=s.batch,
        seq=max(s.seq // s.cp, 1),
        attention=s.run_attention,
        mask=s.padded,
        item=s.item,
        device=s.run_device,
        autocast=s.autocast,
        adapter_item=dtype_bytes(s.adapter_dtype),
        lora_dropout=s.lora_dropout,
        quantised=s.quantised,
        tp=s.tp,
        sp=s.sp,
        dropout=s.dropout,
    )


def _stretch(s: Setting, model: ModelConfig, part: Part) -> Stretch:
    run = replace(
        _base_run(s),
        attention="flash" if s.recompute == "selective" else s.run_attention,
        train_base=part.trained,
        adapters=_adapter_roles(s, part.layer) if s.lora else (),
    )
    checkpoint = s.recompute == "full"
    needs = s.method == "full" or checkpoint
    return Stretch(part.layer.kind, part.count, run, needs and not part.below_trained, checkpoint)


def _adapter_roles(s: Setting, layer: Layer) -> tuple[tuple[str, float], ...]:
    """Ranks by role; several adapters on slices of one matrix count as one of their joint rank."""
    ranks: dict[str, float] = {}
    prefix = "shared_" if layer.kind == "moe" else ""
    for pair in adapters(layer.modules, s.targets, s.rank):
        role = pair.module.role
        role = prefix + role if role in ("gate", "up", "down", "gate_up") else role
        sliced = pair.d_out < pair.module.shape[0]
        ranks[role] = ranks.get(role, 0.0) + s.rank if sliced else s.rank
    return tuple(ranks.items())


def _end_run(s: Setting, front: bool) -> Run:
    trained = s.method == "full" or (s.method == "freeze" and not front)
    asked = front and not trained and s.recompute == "full"
    return replace(_base_run(s), train_base=trained, input_grads=asked, quantised=False)


def _moments(s: Setting, states: States, step: StepMemory) -> tuple[Moment, ...]:
    """The step's moments with what the rest of the training loop adds to them."""
    native = 4.0 if s.autocast else s.item
    scale = 1.0 if s.lora else dtype_bytes(s.grads) / native
    ranks = s.dp * s.cp
    share = ranks if s.zero >= 2 else 1
    stays = s.accumulate > 1 or s.pp > 1
    buckets = states.gradients if ranks > 1 and s.zero < 2 else 0.0
    extra = buckets + gathered(s, states)
    found = [
        replace(
            moment,
            gradients=states.gradients if stays else moment.gradients * scale / share,
            temporary=moment.temporary + extra,
        )
        for moment in step.moments
    ]
    step_extra = optimizer_temporary(s, states) + buckets
    found.append(Moment("optimizer", 0.0, 0.0, states.gradients, step_extra))
    return tuple(found)


def optimizer_temporary(s: Setting, states: States) -> float:
    """torch.optim's foreach Adam writes the root of all second moments out before it divides."""
    if s.step != "foreach" or s.optimizer != "adam" or s.offload_optimizer:
        return 0.0
    return states.moments / 2
