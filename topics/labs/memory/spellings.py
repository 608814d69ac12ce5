"""The names that options and their values go by elsewhere, read as the lab's own.

Trainers, papers and config files say `zero_stage`, `batch_size`, `gradient_checkpointing: true` or
`flash_attention_2` for what is here `zero`, `batch`, `recompute` and `flash`. A file may also hold
the sizes of its model among the options, as the cases of published tables do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping

from topics.labs.memory.reader import NAMES
from topics.labs.memory.units import refuse

OPTIONS: dict[str, tuple[str, ...]] = {
    "mode": ("task", "phase"),
    "rank": ("r", "lora_r", "lora_rank"),
    "targets": ("target_modules", "lora_targets", "lora_target_modules"),
    "weights": ("dtype", "torch_dtype", "weight_dtype", "weights_dtype", "param_dtype"),
    "compute": ("compute_dtype", "activation_dtype", "autocast"),
    "grads": ("grad_dtype", "grads_dtype", "gradient_dtype", "gradients"),
    "master": ("master_dtype", "master_weights"),
    "optimizer": ("optim", "optimiser"),
    "optimizer_dtype": ("optim_dtype", "optimizer_state_dtype", "state_dtype"),
    "batch": ("b", "batch_size", "micro_batch", "micro_batch_size", "mbs",
              "per_device_train_batch_size"),
    "seq": ("s", "seq_len", "seq_length", "seqlen", "sequence_length", "sequence", "context",
            "context_length", "max_seq_length", "max_length"),
    "accumulate": ("gradient_accumulation", "gradient_accumulation_steps", "grad_accum"),
    "global_batch": ("global_batch_size", "gbs"),
    "recompute": ("recomputation", "checkpoint", "checkpointing", "gradient_checkpointing",
                  "activation_checkpointing", "grad_checkpoint"),
    "attention": ("attn", "attn_impl", "attn_implementation", "attention_implementation"),
    "activations": ("activation_mode", "activations_mode"),
    "dp": ("data_parallel", "data_parallel_size"),
    "tp": ("mp", "tensor_parallel", "tensor_parallel_size", "model_parallel"),
    "pp": ("pipeline_parallel", "pipeline_parallel_size", "stages"),
    "cp": ("context_parallel", "context_parallel_size"),
    "ep": ("expert_parallel", "expert_parallel_size"),
    "sp": ("sequence_parallel",),
    "chunks": ("interleave", "virtual_stages"),
    "zero": ("zero_stage", "stage", "fsdp"),
    "offload_params": ("offload_param",),
    "gpus": ("num_gpus", "n_gpus", "world_size"),
    "kv_dtype": ("kv_cache_dtype",),
    "block_size": ("page_size", "kv_block_size"),
    "requests": ("concurrent_requests", "concurrency", "num_requests"),
    "gpu": ("card", "gpu_name", "device_name", "accelerator"),
    "tokens": ("train_tokens", "num_tokens", "training_tokens"),
    "price": ("price_per_hour", "cost_per_hour"),
    "params": ("n_params", "num_params", "parameters"),
    "step_time": ("iter_s", "step_seconds", "iteration_time"),
}  # fmt: skip
BY_SPELLING = {other: name for name, others in OPTIONS.items() for other in others}
VALUES: dict[str, dict[str, str]] = {
    "mode": {"training": "train", "infer": "inference", "serve": "inference",
             "serving": "inference", "generate": "inference"},
    "method": {"fullfinetune": "full", "fullfinetuning": "full", "pretrain": "full",
               "frozen": "freeze"},
    "recompute": {"true": "full", "yes": "full", "1": "full", "on": "full", "checkpoint": "full",
                  "checkpointing": "full", "false": "none", "no": "none", "0": "none",
                  "off": "none"},
    "attention": {"flashattention": "flash", "flashattn": "flash", "flashattention2": "flash",
                  "flashattention3": "flash", "flashattn2": "flash", "fa2": "flash", "fa3": "flash",
                  "flash2": "flash", "flash3": "flash", "naive": "eager", "memefficient": "sdpa"},
    "activations": {"hf": "huggingface", "transformers": "huggingface", "megatron": "fused",
                    "korthikanti": "fused"},
    "zero": {"none": "0", "no": "0", "ddp": "0", "noshard": "0", "fsdp": "3", "fsdp2": "3",
             "full": "3", "fullshard": "3", "true": "3", "false": "0", "shardgradop": "2"},
}  # fmt: skip
WIDTHS = {8: "fp64", 4: "fp32", 2: "bf16", 1: "int8", 0.5: "int4"}
REMARKS = ("formula", "note", "comment", "source")  # what a published case says beside its sizes
BYTE_KEYS = {"weight_bytes": "weights", "grad_bytes": "grads"}
SIZES = {"arch", "model_type", *NAMES, *(name for names in NAMES.values() for name in names)}


def plain(values: Mapping[str, object], known: Collection[str]) -> dict[str, object]:
    """The options under the lab's own names; `known` are those names.

    Sizes of a model that stand among the options are gathered under "model". Raises SettingError
    where two names of one option are both given.
    """
    found: dict[str, object] = {}
    model: dict[str, object] = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if value is None or name in REMARKS:
            continue
        name = name if name in known else BY_SPELLING.get(name, name)
        if name in ("dtype_bytes", *BYTE_KEYS):
            _by_width(found, name, value, values)
        elif name == "optim_bytes":
            found["master"] = _copies(value)
        elif name in known:
            if name in found:
                raise refuse("{name!r} is given twice, under two names", name=name)
            found[name] = _value(name, value)
        elif "model" not in values and "params" not in values and not _misspelt(key, known):
            model[key] = value
        else:
            found[key] = value
    if not {"method", "mode"} & found.keys() and {"rank", "targets"} & found.keys():
        found["method"] = "lora"  # nothing else has a rank or targets
    if not model:
        return found
    if SIZES.isdisjoint(model):
        return found | model  # no model's sizes: unknown options, to be refused by name
    return {**found, "model": {**_shared(values), **model}}


def _misspelt(key: str, known: Collection[str]) -> bool:
    """A key that is no size, but nearly an option: better refused than taken for a detail."""
    return key not in SIZES and bool(difflib.get_close_matches(key, known, n=1, cutoff=0.8))


def _shared(values: Mapping[str, object]) -> dict[str, object]:
    """A GPT's longest sequence where only the sequence itself is said."""
    length = values.get("n_pos") or values.get("s") or values.get("seq")
    return {"n_positions": length} if length else {}


def _by_width(
    found: dict[str, object], name: str, value: object, values: Mapping[str, object]
) -> None:
    width = WIDTHS.get(float(value)) if isinstance(value, (int, float)) else None
    if width is None:
        raise refuse("{name}: {value!r} is not 0.5, 1, 2, 4 or 8 bytes", name=name, value=value)
    cached = values.get("mode") in ("inference", "infer") or "kv_heads" in values
    targets = [BYTE_KEYS[name]] if name in BYTE_KEYS else ["weights"] + ["kv_dtype"] * cached
    for target in targets:
        found.setdefault(target, width)


def _copies(value: object) -> str:
    """ZeRO's K: 12 bytes are a master copy and two states in fp32, 8 bytes the states alone."""
    kinds = {"12": "fp32", "8": "none"}
    if str(value) not in kinds:
        raise refuse("optim_bytes: {value!r} is neither 12 nor 8", value=value)
    return kinds[str(value)]


def _value(name: str, value: object) -> object:
    if name == "zero" and isinstance(value, str):
        value = re.sub(r"^(zero|stage|z)[-_ ]*(?=\d)", "", value.strip().lower())
    if name in VALUES and isinstance(value, (str, bool, int)):
        return VALUES[name].get(re.sub(r"[^a-z0-9]", "", str(value).lower()), value)
    return value
