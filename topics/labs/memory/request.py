"""From what a person typed (flags, a JSON file, a page's address) to a `Setting`.

`OPTIONS` lists every option once, for the command's --help, for the file's keys and for reading.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from topics.labs.memory.cards import card
from topics.labs.memory.cost import flops
from topics.labs.memory.families import model_from_config, model_from_file
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.presets import find_preset, preset
from topics.labs.memory.setting import Setting, resolved
from topics.labs.memory.spellings import plain
from topics.labs.memory.units import SettingError, parse_bytes, parse_count, refuse
from topics.phrases import say

YES = ("yes", "true", "1", "on", "cpu")
NO = ("no", "false", "0", "off", "none", "")


@dataclass(frozen=True)
class Option:
    """One option: its name with dashes, the Setting field that it fills, how it is read."""

    name: str
    field: str
    read: Callable[[object], object]
    metavar: str
    help: str


def _whole(value: object) -> int:
    number = float(parse_count(value)) if isinstance(value, str) and value.strip("0") else value
    if isinstance(number, bool) or not isinstance(number, (int, float, str)):
        raise refuse("{value!r} is not a whole number", value=value)
    try:
        found = float(number)
    except ValueError:
        raise refuse("{value!r} is not a whole number", value=value) from None
    if not math.isfinite(found) or found != int(found):
        raise refuse("{value!r} is not a whole number", value=value)
    return int(found)


def _text(value: object) -> str:
    return str(value).strip().lower()


def _name(value: object) -> str:
    return str(value).strip()


def _count(value: object) -> float:
    return parse_count(value) if isinstance(value, (str, int, float)) else _refuse(value)


def _size(value: object) -> float:
    return parse_bytes(value) if isinstance(value, (str, int, float)) else _refuse(value)


def _refuse(value: object) -> float:
    raise refuse("{value!r} is not a number", value=value)


def _number(value: object) -> float:
    try:
        found = float(value) if isinstance(value, (str, int, float)) else _refuse(value)
    except ValueError:
        return _refuse(value)
    if not math.isfinite(found) or found < 0:
        return _refuse(value)
    return found


def _tera(value: object) -> float:
    return _number(value) * 1e12


def _flag(value: object) -> bool:
    text = _text(value)
    if text in YES or value is True:
        return True
    if text in NO or value is None:
        return False
    raise refuse("{value!r} is neither yes nor no", value=value)


def _dropped(value: object) -> bool:
    """Yes or no, or a rate; only whether there is dropout matters, its rate is the model's."""
    rate = isinstance(value, (int, float)) or re.fullmatch(r"[01]?\.\d+", _text(value))
    return float(_text(value)) > 0 if rate and not isinstance(value, bool) else _flag(value)


def _copy(value: object) -> bool:
    return True if _text(value) in ("fp32", "float32") else _flag(value)


def _targets(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, (list, tuple)) else re.split(r"[,;+\s]+", str(value))
    found = tuple(str(part).strip() for part in parts if str(part).strip())
    if len(found) == 1 and found[0].replace("_", "-") in ("all", "all-linear"):
        return ("all-linear",)
    if len(found) == 1 and re.fullmatch(r"[qkvo]{2,4}", found[0]) and found[0] != "qkv":
        return tuple(found[0])
    if not found:
        raise refuse("--targets names no module; write all-linear, or q,v")
    return found


def _zero(value: object) -> int:
    return _whole(value)


O = Option  # noqa: E741 - one letter keeps the table a table
OPTIONS: dict[str, tuple[Option, ...]] = {
    "what is trained or served": (
        O("mode", "mode", _text, "train|inference", "training (default) or inference"),
        O("method", "method", _text, "full|freeze|lora|qlora", "what is trained (full)"),
        O("rank", "rank", _whole, "R", "rank of LoRA adapters (8)"),
        O("targets", "targets", _targets, "T[,T…]", "all-linear (default), attention, mlp, roles "
          "(q,k,v,o,gate,up,down) or names of modules (q_proj,v_proj)"),
        O("lora-dropout", "lora_dropout", _number, "P", "dropout in front of adapters (0)"),
        O("adapter-dtype", "adapter_dtype", _text, "DTYPE", "dtype of adapters (fp32, as peft)"),
        O("frozen-layers", "frozen_layers", _whole, "N", "with freeze: first N blocks and the "
          "tables are frozen (all but the last two)"),
        O("double-quant", "double_quant", _flag, "yes|no", "QLoRA's second quantisation (yes)"),
    ),
    "dtypes and optimiser": (
        O("weights", "weights", _text, "DTYPE", "bf16 (default), fp16, fp32; fp8, int8, int4, nf4 "
          "for frozen projections"),
        O("compute", "compute", _text, "DTYPE", "dtype of activations (the weights'); bf16 with "
          "fp32 weights is autocast"),
        O("grads", "grads", _text, "DTYPE", "dtype of gradients (the weights')"),
        O("master", "master", _text, "DTYPE|none", "master copy of 16-bit weights (fp32)"),
        O("main-grads", "main_grads", _copy, "fp32|none", "an fp32 copy of 16-bit gradients beside "
          "the optimiser's states, as in Megatron's fp16 and DeepSpeed (none)"),
        O("optimizer", "optimizer", _text, "NAME", "adam (default), adam8bit, adafactor, sgd, "
          "momentum, lion or none"),
        O("optimizer-dtype", "optimizer_dtype", _text, "DTYPE", "dtype of the optimiser's states "
          "(that of the master copy, or of the weights)"),
        O("optimizer-step", "step", _text, "foreach|fused", "foreach writes temporaries (fused "
          "with a master copy, else foreach)"),
    ),
    "batch and activations": (
        O("batch", "batch", _whole, "B", "sequences per micro-batch and data-parallel rank; in "
          "inference concurrent requests (1)"),
        O("seq", "seq", _whole, "S", "tokens per sequence (2048, or what the model can take)"),
        O("accumulate", "accumulate", _whole, "N", "micro-batches per step (1)"),
        O("recompute", "recompute", _text, "none|selective|full", "of activations (none)"),
        O("attention", "attention", _text, "eager|sdpa|flash", "attention kernel (fused: eager, "
          "as in the paper; huggingface: sdpa)"),
        O("activations", "activations", _text, "fused|huggingface", "what is kept for backward: "
          "fused kernels as in Korthikanti et al., or what autograd keeps for transformers' "
          "modules (fused with full, else huggingface)"),
        O("padded", "padded", _flag, "yes|no", "huggingface: the batch has padding or packing, so "
          "SDPA gets a mask (yes)"),
        O("dropout", "dropout", _dropped, "yes|no", "the model's own dropout is active (yes)"),
        O("device", "device", _text, "cuda|cpu|any", "huggingface: whose kernels (cuda with a "
          "--gpu, else any: composed dropout, fused attention)"),
    ),
    "parallelism (GPUs = dp × tp × pp × cp)": (
        O("dp", "dp", _whole, "D", "data-parallel ranks (1)"),
        O("tp", "tp", _whole, "T", "tensor-parallel ranks (1)"),
        O("pp", "pp", _whole, "P", "pipeline stages, 1F1B (1)"),
        O("cp", "cp", _whole, "C", "ranks that each sequence is cut over: context or Ulysses (1)"),
        O("ep", "ep", _whole, "E", "expert-parallel ranks, inside dp (1)"),
        O("chunks", "chunks", _whole, "V", "model chunks per stage, interleaved 1F1B (1)"),
        O("zero", "zero", _zero, "0..3|fsdp", "ZeRO stage; fsdp is 3 (0)"),
        O("offload-optimizer", "offload_optimizer", _flag, "none|cpu", "optimiser off the GPU"),
        O("offload-params", "offload_params", _flag, "none|cpu", "weights off the GPU (ZeRO-3)"),
        O("largest-layer", "largest_layer", _count, "N", "parameters of the largest unit that "
          "ZeRO-3 gathers, with --params"),
    ),
    "KV cache": (
        O("kv-dtype", "kv_dtype", _text, "DTYPE", "dtype of cached keys and values (bf16)"),
        O("block-size", "block", _whole, "N", "tokens per block of a paged cache; 0: unpaged (0)"),
    ),
    "card, time and money": (
        O("gpu", "card", _name, "NAME", "a card, such as H100-80GB (--list-gpus shows all)"),
        O("memory", "memory", _size, "SIZE", "memory of a card without a name: 24GB"),
        O("price", "price", _number, "X", "price of one card for an hour"),
        O("peak-tflops", "peak", _tera, "X", "peak TFLOP/s, instead of the card's"),
        O("tokens", "tokens", _count, "N", "tokens to train on (or to generate): 300B"),
        O("mfu", "mfu", _number, "X", "model FLOPs utilisation to expect (0.4)"),
        O("achieved-tflops", "achieved", _tera, "X", "TFLOP/s per card that were measured, "
          "recomputation counted as work"),
    ),
}  # fmt: skip
EXTRA = {
    "model": "a preset, a config.json, or (in a file) the config itself",
    "params": "parameters, where the shape is unknown: 7B",
    "sp": "sequence parallelism",
    "gpus": "all GPUs",
    "global_batch": "sequences per step over all GPUs",
    "step_time": "measured seconds per step",
    "requests": "concurrent requests",
    "trainable_layers": "last blocks that are trained",
}
BY_KEY = {o.name.replace("-", "_"): o for group in OPTIONS.values() for o in group}


def setting_from(values: Mapping[str, object]) -> Setting:
    """The setting that these options describe; names with dashes or underscores.

    Raises SettingError for an unknown option and for values that cannot be.
    """
    given = plain(values, {*BY_KEY, *EXTRA})
    unknown = [key for key in given if key not in BY_KEY and key not in EXTRA]
    if unknown:
        near = difflib.get_close_matches(unknown[0], [*BY_KEY, *EXTRA], n=3)
        hint = say("; near it: {names}", names=", ".join(near)) if near else ""
        raise refuse("there is no option {value!r}{hint}", value=unknown[0], hint=hint)
    fields = {BY_KEY[k].field: _read(BY_KEY[k], v) for k, v in given.items() if k in BY_KEY}
    model = _model(given.get("model"))
    params = _count(given["params"]) if "params" in given and model is None else 0.0
    setting = replace(Setting(model=model, params=params), **fields)  # type: ignore[arg-type]
    return _combined(setting, given)


def _read(option: Option, value: object) -> object:
    try:
        return option.read(value)
    except SettingError as error:
        raise refuse("--{name}: {error}", name=option.name, error=error) from None


def _model(value: object) -> ModelConfig | None:
    if value is None or value == "":
        return None
    if isinstance(value, ModelConfig):
        return value
    if isinstance(value, Mapping):
        return model_from_config(value)
    name = str(value)
    path = Path(name)
    if name.endswith(".json") or (path.exists() and find_preset(name) is None):
        return model_from_file(path / "config.json" if path.is_dir() else path)
    return preset(name)


def _combined(setting: Setting, given: Mapping[str, object]) -> Setting:
    """Options that fill no field alone, because they depend on others."""
    if "sp" in given:
        setting = _sequence_parallel(setting, given["sp"])
    if "requests" in given:
        setting = replace(setting, batch=_whole(given["requests"]))
    if "trainable_layers" in given and setting.model:
        count = _whole(given["trainable_layers"])
        setting = replace(setting, frozen_layers=max(setting.model.layers - count, 0))
    if "gpus" in given:
        setting = _all_gpus(setting, _whole(given["gpus"]))
    if "global_batch" in given:
        setting = _global_batch(setting, _whole(given["global_batch"]))
    if "step_time" in given:
        setting = _measured(setting, _number(given["step_time"]))
    return setting


def _sequence_parallel(setting: Setting, value: object) -> Setting:
    """--sp alone is Megatron's, over the tp ranks; --sp N with tp 1 cuts sequences over N."""
    text = _text(value)
    if value is True or text in ("yes", "true", "on"):
        return replace(setting, sp=True)
    if value is False or text in ("no", "false", "off", "0", "none"):
        return replace(setting, sp=False)
    ranks = _whole(value)
    if ranks == setting.tp:
        return replace(setting, sp=ranks > 1)
    if ranks == 1:
        return setting if setting.tp == 1 else replace(setting, sp=True)
    if setting.tp == 1:
        return replace(setting, cp=ranks)
    raise refuse(
        "--sp {ranks} with --tp {tp}: Megatron's sequence parallelism has as many "
        "ranks as --tp (write --sp alone); to cut sequences over more ranks use "
        "--cp",
        ranks=ranks,
        tp=setting.tp,
    )


def _all_gpus(setting: Setting, gpus: int) -> Setting:
    others = setting.tp * setting.pp * setting.cp
    if gpus % others:
        raise refuse(
            "{gpus} GPUs are no multiple of tp × pp × cp = {others}", gpus=gpus, others=others
        )
    return replace(setting, dp=gpus // others)


def _global_batch(setting: Setting, sequences: int) -> Setting:
    each = setting.batch * setting.dp
    if sequences % each:
        raise refuse(
            "a global batch of {sequences} cannot be made of {dp} × {batch} sequences "
            "at a time; use a multiple of {each}",
            sequences=sequences,
            dp=setting.dp,
            batch=setting.batch,
            each=each,
        )
    return replace(setting, accumulate=sequences // each)


def _measured(setting: Setting, seconds: float) -> Setting:
    """The utilisation that a measured step time amounts to."""
    if not setting.card and not setting.peak:
        raise refuse("--step-time needs a --gpu to compare with")
    full = resolved(setting)
    peak = full.peak or card(full.card).peak_flops(full.compute)
    share = flops(full).per_step / (seconds * peak * full.gpus)
    if share > 1:
        raise refuse(
            "a step in {seconds:g} s would take {share:.1f} times the peak of {gpus} "
            "cards; check the batch, the card and the number of GPUs",
            seconds=seconds,
            share=share,
            gpus=full.gpus,
        )
    return replace(setting, mfu=share)
