"""An estimate as a JSON object: the keys that scripts and graders rely on."""

from __future__ import annotations

import dataclasses
from typing import Any

from topics.labs.memory.estimate import Estimate
from topics.labs.memory.hf_step import Moment
from topics.labs.memory.inverse import Plan, Solution
from topics.labs.memory.memory import StageMemory


def as_json(answer: Estimate) -> dict[str, Any]:
    """Bytes, FLOP and seconds throughout; whole numbers where the thing is countable."""
    s = answer.setting
    worst = answer.worst
    return {
        "model": s.model.name if s.model else None,
        "setting": _setting(answer),
        "parameters": dataclasses.asdict(answer.parameters),
        "per_gpu_bytes": {key: _whole(value) for key, value in answer.per_gpu_bytes.items()},
        "at_peak": {
            "moment": worst.peak.name,
            "stage": worst.index,
            **{line.key: _whole(line.at_peak) for line in answer.lines},
        },
        "activations_per_layer": _whole(worst.per_layer),
        "model_state_bytes": _whole(
            worst.states.weights + worst.states.gradients + worst.states.optimizer
        ),
        "gpus": s.gpus,
        "all_gpus_bytes": _whole(answer.cluster_bytes),
        "stages": [_stage(stage) for stage in answer.stages],
        "moments": [_moment(worst, moment) for moment in worst.moments],
        "lines": [dataclasses.asdict(line) for line in answer.lines],
        "flops": _flops(answer),
        "kv_cache": _kv_cache(answer),
        "cost": _cost(answer),
        "fit": _fit(answer),
    }


def _whole(value: float) -> int | float:
    return int(value) if abs(value) < 2**53 and value == int(value) else value


def _setting(answer: Estimate) -> dict[str, Any]:
    skipped = ("model",)
    fields = dataclasses.fields(answer.setting)
    return {f.name: getattr(answer.setting, f.name) for f in fields if f.name not in skipped}


def _stage(stage: StageMemory) -> dict[str, Any]:
    return {
        "stage": stage.index,
        "layers": stage.layers,
        "parameters": _whole(stage.states.held),
        "total": _whole(stage.total),
        "peak": stage.peak.name,
    }


def _moment(stage: StageMemory, moment: Moment) -> dict[str, Any]:
    return {
        "moment": moment.name,
        "total": _whole(stage.fixed + moment.total),
        **{key: _whole(value) for key, value in stage.at(moment).items()},
    }


def _flops(answer: Estimate) -> dict[str, Any]:
    counted = answer.flops
    cost = answer.cost
    found = {key: _whole(value) for key, value in dataclasses.asdict(counted).items()}
    if cost and cost.peak_flops and answer.setting.mode == "train":
        ratio = counted.hardware_per_token / counted.per_token if counted.per_token else 1.0
        reported = bool(answer.setting.achieved)  # a reported FLOP/s counts recomputation as work
        found["mfu"] = cost.mfu / ratio if reported else cost.mfu
        found["hfu"] = cost.mfu if reported else cost.mfu * ratio
    return found


def _kv_cache(answer: Estimate) -> dict[str, Any]:
    cache = answer.kv_cache
    if cache is None:
        return {"bytes_per_token": None, "total": None}
    return {
        "bytes_per_token": _whole(cache.bytes_per_token),
        "total": _whole(cache.total),
        "per_request": _whole(cache.per_request),
        "per_gpu": _whole(cache.per_gpu),
        "tokens_stored": cache.tokens_stored,
        "formula": cache.formula,
    }


def _cost(answer: Estimate) -> dict[str, Any] | None:
    if answer.cost is None:
        return None
    return dataclasses.asdict(answer.cost) | {"days": answer.cost.seconds / 86400}


def _fit(answer: Estimate) -> dict[str, Any] | None:
    fit = answer.fit
    if fit is None:
        return None
    return {
        "card": fit.card,
        "memory": _whole(fit.memory),
        "outside_allocator": _whole(fit.outside),
        "needed": _whole(fit.needed),
        "fits": fit.fits,
        "headroom": _whole(fit.headroom),
    }


def solution_json(found: Solution) -> dict[str, Any]:
    """The answer to an inverse question; the estimate stands beside it under its usual keys."""
    return {
        "question": found.question,
        "answer": found.answer,
        "text": found.text,
        "plans": [_plan(plan) for plan in found.plans],
    }


def _plan(plan: Plan) -> dict[str, Any]:
    s = plan.setting
    return {
        "card": plan.card,
        "gpus": plan.gpus,
        "layout": {"dp": s.dp, "tp": s.tp, "pp": s.pp, "ep": s.ep, "zero": s.zero},
        "needed": _whole(plan.total),
        "memory": _whole(plan.memory),
        "per_hour": plan.per_hour,
        "seconds": plan.seconds,
        "money": plan.money,
    }
