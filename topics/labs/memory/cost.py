"""Time and money: what FLOPs and bytes mean on a given card."""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.memory.cards import Card, card
from topics.labs.memory.counts import active_params, adapters, total_params
from topics.labs.memory.flops import Training, forward_flops, six_nd, training_flops
from topics.labs.memory.kv_cache import bytes_per_token
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.modules import inventory
from topics.labs.memory.setting import Setting, frozen_blocks
from topics.labs.memory.units import dtype_bytes

USUAL_MFU = 0.4  # what well-tuned dense training reaches: Llama 3 reports 0.38 to 0.43


@dataclass(frozen=True)
class Flops:
    """FLOP per token, per step of the whole cluster, and for all tokens asked about.

    `total` is the exact matrix-product count where the model's shape is known and 6ND (2ND in
    inference) where only its size is; `six_nd` is the rule of thumb in any case.
    """

    forward_per_token: float
    per_token: float
    hardware_per_token: float
    per_step: float
    hardware_per_step: float
    tokens: float
    total: float
    hardware_total: float
    six_nd: float


@dataclass(frozen=True)
class Cost:
    """Time and money on the named card. `mfu` is assumed where it was not given."""

    card: str
    gpus: int
    peak_flops: float
    mfu: float
    assumed: bool
    achieved_flops: float  # model FLOP/s per GPU
    step_seconds: float
    seconds: float
    gpu_hours: float
    price_per_hour: float
    money: float
    tokens_per_second: float
    prefill_seconds: float = 0.0
    decode_seconds: float = 0.0  # per generated token of every request


def step_tokens(s: Setting) -> float:
    """Tokens of one optimiser step over the whole cluster."""
    return float(s.batch * s.seq * s.accumulate * s.dp)


def flops(s: Setting) -> Flops:
    """FLOP of the setting's training, or of one pass over its prompts in inference."""
    tokens = s.tokens or step_tokens(s)
    if s.model is None:
        params = active = s.params
        factor = 6 if s.mode == "train" else 2
        per_token = hardware = factor * params
        if s.mode == "train" and s.recompute == "full":
            hardware += 2 * params
        forward = 2 * params
    else:
        training = _training(s, s.model)
        forward = training.forward
        per_token = training.model if s.mode == "train" else training.forward
        hardware = training.hardware if s.mode == "train" else training.forward
        active = active_params(s.model)
    rule = six_nd(active, tokens) if s.mode == "train" else 2 * active * tokens
    step = step_tokens(s)
    return Flops(
        forward,
        per_token,
        hardware,
        per_token * step,
        hardware * step,
        tokens,
        per_token * tokens,
        hardware * tokens,
        rule,
    )


def _training(s: Setting, model: ModelConfig) -> Training:
    if s.mode != "train" or s.method == "full":
        return training_flops(model, s.seq, recompute=s.recompute)
    found = inventory(model)
    if s.method == "freeze":
        frozen = frozen_blocks(s, model)
        share = 1 - frozen / model.layers if model.layers else 1.0
        linear = forward_flops(model, s.seq).linear / 2 * share
        return training_flops(
            model,
            s.seq,
            recompute=s.recompute,
            trainable_linear=linear,
            backward_share=share,
            trains_head=not model.tied,
        )
    extra = sum(
        layer.count * sum(a.params for a in adapters(layer.modules, s.targets, s.rank))
        for layer in found.layers
    )
    return training_flops(
        model,
        s.seq,
        recompute=s.recompute,
        trainable_linear=0.0,
        adapter_params=extra,
        trains_head=False,
    )


def cost(s: Setting, counted: Flops) -> Cost | None:
    """Time and money, or None where neither a card nor a speed is named.

    Training may be timed by FLOP/s alone; without a card `mfu` needs a peak, and money a price.
    """
    chosen = card(s.card) if s.card else None
    if chosen is None and (s.mode == "inference" or not (s.achieved or s.peak)):
        return None
    peak = s.peak or (chosen.peak_flops(s.compute) if chosen else 0.0)
    assumed = not (s.mfu or s.achieved)
    achieved = s.mfu * peak or s.achieved or USUAL_MFU * peak
    share = achieved / peak if peak else 0.0
    price = s.price if s.price >= 0 else (chosen.price if chosen else 0.0)
    if s.mode == "inference" and chosen:
        return _serving(s, counted, chosen, peak, share, assumed, price)
    # a reported FLOP/s counts recomputation as work; MFU does not
    work = counted.hardware_total if s.achieved else counted.total
    step_work = counted.hardware_per_step if s.achieved else counted.per_step
    rate = achieved * s.gpus
    seconds = work / rate
    hours = seconds / 3600 * s.gpus
    step = step_work / rate
    speed = step_tokens(s) / step if step else 0.0
    return Cost(
        chosen.name if chosen else "",
        s.gpus,
        peak,
        share,
        assumed,
        achieved,
        step,
        seconds,
        hours,
        price,
        hours * price,
        speed,
    )


def _serving(
    s: Setting,
    counted: Flops,
    chosen: Card,
    peak: float,
    share: float,
    assumed: bool,
    price: float,
) -> Cost:
    """Prefill is bound by FLOP/s, decoding by reading weights and cache once per token."""
    prompt = counted.forward_per_token * s.batch * s.seq
    prefill = prompt / (share * peak * s.gpus)
    read = _decode_bytes(s)
    step = max(
        read / (chosen.bandwidth * s.gpus),
        counted.forward_per_token * s.batch / (peak * s.gpus),
    )
    speed = s.batch * s.dp / step if step else 0.0
    seconds = (s.tokens or s.batch) / speed if speed else 0.0
    hours = seconds / 3600 * s.gpus
    return Cost(
        chosen.name,
        s.gpus,
        peak,
        share,
        assumed,
        share * peak,
        step,
        seconds,
        hours,
        price,
        hours * price,
        speed,
        prefill,
        step,
    )


def _decode_bytes(s: Setting) -> float:
    """Bytes read for one decoding step: every weight that some request needs, and all caches."""
    weights = dtype_bytes(s.weights)
    if s.model is None:
        return s.params * weights
    model = s.model
    used: float = active_params(model)
    if model.experts:
        idle = (1 - model.experts.top_k / model.experts.count) ** s.batch
        used = total_params(model) - (total_params(model) - used) * idle / (
            1 - model.experts.top_k / model.experts.count
        )
    cache = bytes_per_token(model, dtype_bytes(s.kv_dtype)) * s.seq * s.batch
    return used * weights + cache
