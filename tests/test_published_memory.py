"""Published figures about parameters, memory, FLOPs, time and cards, each with its own tolerance.

`ground_truth/published.json` holds the cases with their sources. Those of the kinds below are the
memory lab's; the others are the parallelism lab's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from topics.labs.memory import activations_fused, preset
from topics.labs.memory.cards import card
from topics.labs.memory.counts import lora_params, non_embedding_params
from topics.labs.memory.estimate import Estimate, estimate
from topics.labs.memory.families import model_from_config
from topics.labs.memory.flops import mfu, ptdp_params, train_seconds, training_flops
from topics.labs.memory.inverse import largest_params
from topics.labs.memory.kv_cache import bytes_per_token
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.optimizers import quantised_bits
from topics.labs.memory.request import setting_from
from topics.labs.memory.setting import Setting
from topics.labs.memory.units import GIB

Inputs = dict[str, Any]
FILE = Path(__file__).parent / "ground_truth" / "published.json"
DTYPES = {2: "bf16", 4: "fp32", 1: "fp8"}


def ask(**options: Any) -> Estimate:
    return estimate(setting_from(options))


def gpt(given: Inputs, **more: Any) -> ModelConfig:
    """A GPT of these sizes; the vocabulary does not matter where it is not given."""
    names = {"s": "seq", "L": "layers", "v": "vocab", "h": "hidden", "a": "heads"}
    sizes = {names.get(key, key): value for key, value in given.items()}
    layers = sizes.get("layers", 1)
    heads = sizes.get("heads", 1)
    return model_from_config(
        {**sizes, "layers": layers, "heads": heads, "vocab": sizes.get("vocab", 0), **more}
    )


def param_count(case: str, given: Inputs) -> float:
    return ask(model=given).parameters.total


def active_param_count(case: str, given: Inputs) -> float:
    return ask(model=given).parameters.active


def nonembedding_param_count(case: str, given: Inputs) -> float:
    return non_embedding_params(model_from_config(given))


def param_count_formula(case: str, given: Inputs) -> float:
    return ptdp_params(given["layers"], given["hidden"], given["vocab"], given["seq"]) / 1e9


def model_state_memory(case: str, given: Inputs) -> float:
    if "convention" in given:
        return _deepspeed(given)
    answer = ask(
        params=given["params"],
        dp=given["dp"],
        zero=given["zero_stage"],
        weights=DTYPES[given["weight_bytes"]],
        grads=DTYPES[given["grad_bytes"]],
        master="fp32",
        optimizer="adam",
    )
    assert given["optim_bytes"] == 12
    return answer.total / 1e9


def _deepspeed(given: Inputs) -> float:
    """DeepSpeed keeps fp16 weights and fp32 gradients: 18 bytes per parameter in all."""
    answer = ask(
        params=given["params"],
        dp=given["gpus"],
        zero=given["zero_stage"],
        weights="fp16",
        grads="fp32",
        **{"largest-layer": given.get("largest_layer")},
        **{"offload-optimizer": given["offload_optimizer"]},
        **{"offload-params": given.get("offload_param", "none")},
    )
    return answer.total / GIB


def max_model_size(case: str, given: Inputs) -> float:
    stage, ranks = given["zero_stage"], given["dp"]
    setting = Setting(memory=given["gpu_gb"] * 1e9, tp=given["mp"], dp=ranks, zero=stage)
    return largest_params(setting) / 1e9


def bytes_per_param(case: str, given: Inputs) -> float:
    """Megatron's table (fp16 gradients have an fp32 copy there), and a loop with an fp32 copy."""
    half = given.get("case", "").startswith("fp16p_fp16g")
    answer = ask(
        params=1e9,
        weights="fp16" if half else "bf16",
        grads="fp16" if half else "fp32",
        dp=given.get("dp") or 1,
        zero=1 if "_dist" in given.get("case", "") else 0,
        **{"main-grads": "fp32" if half else "none"},
    )
    return answer.total / 1e9


def activation_memory_per_layer(case: str, given: Inputs) -> float:
    answer = ask(
        model=gpt({"s": given["s"], "h": given["h"], "a": given["a"]}),
        weights=DTYPES[given["dtype_bytes"]],
        batch=given["b"],
        seq=given["s"],
        tp=given["tp"],
        sp=given["sp"],
        recompute=given["recompute"],
        activations="fused",
        attention="eager",
    )
    return answer.line("activations").bytes


def activation_memory_first_stage(case: str, given: Inputs) -> float:
    shape = {key: given[key] for key in ("s", "h", "a", "L")}
    answer = ask(
        model=gpt(shape),
        batch=given["b"],
        seq=given["s"],
        tp=given["tp"],
        sp=given["sp"],
        pp=given["pp"],
        chunks=given["interleave"] or 1,
        recompute=given["recompute"],
        activations="fused",
    )
    return answer.stages[0].activations / 1e9


def activation_saving(case: str, given: Inputs) -> float:
    return activations_fused.selective_saving(gpt(given), given["s"])


def activation_factor(case: str, given: Inputs) -> float:
    return activations_fused.interleaved_factor(given["p"], given["m"])


def recompute_overhead(case: str, given: Inputs) -> float:
    counted = training_flops(gpt(given), given["s"], recompute="selective")
    return counted.recompute / counted.model


def kv_cache_per_token(case: str, given: Inputs) -> float:
    if given.get("type") == "MLA":
        sizes = {"arch": "deepseek_v3", "hidden": 7168, "heads": 128, "ffn": 1, "vocab": 1}
    else:
        heads = given["kv_heads"]
        sizes = {"arch": "llama", "hidden": 1, "heads": heads, "ffn": 1, "vocab": 1}
    return bytes_per_token(model_from_config({**sizes, **given}), given["dtype_bytes"])


def kv_cache(case: str, given: Inputs) -> float:
    if "bytes_per_token" in given:
        return given["bytes_per_token"] * given["tokens"] * given["batch"] / GIB
    sizes = {"arch": "llama", "hidden": 5120, "heads": given["kv_heads"], "ffn": 1, "vocab": 1}
    answer = ask(model={**sizes, **given}, mode="inference", seq=given["tokens"])
    assert answer.kv_cache
    return answer.kv_cache.total / GIB


def train_flops(case: str, given: Inputs) -> float:
    return ask(params=given["params"], tokens=given["tokens"]).flops.total


def ratio(case: str, given: Inputs) -> float:
    return given["tokens"] / given["params"]


def utilisation(case: str, given: Inputs) -> float:
    if "achieved_tflops" in given:
        return mfu(given["achieved_tflops"], given.get("peak_tflops", given.get("peak")))
    if "tps" in given:
        per_token = 6 * (given["params"] - given["emb"]) + _attention(given)
        return mfu(per_token * given["tps"], given["peak"])
    counted = training_flops(
        gpt(given, heads=1), given["seq"], recompute=given.get("recompute", "none")
    )
    step = (counted.hardware if "recompute" in given else counted.model) * given["global_batch"]
    return mfu(step * given["seq"] / given["iter_s"], given["peak"], given["gpus"])


def _attention(given: Inputs) -> float:
    """12 L H s: the attention part of the exact count, forward and backward."""
    shape = {key: given[key] for key in ("layers", "hidden")}
    model = gpt(shape, heads=32)
    return training_flops(model, given["seq"]).model - training_flops(model, 0).model


def train_days(case: str, given: Inputs) -> float:
    achieved = given["achieved_tflops"] * 1e12
    if "params" in given:  # 8TP/nX: forward twice, backward once
        answer = ask(params=given["params"], tokens=given["tokens"], recompute="full")
        flops = answer.flops.hardware_total
    else:
        flops = (
            training_flops(gpt(given, heads=1), given["seq"], recompute="full").hardware
            * given["tokens"]
        )
    return train_seconds(flops, given["gpus"], achieved) / 86400


def iteration_time(case: str, given: Inputs) -> float:
    model = gpt(given, heads=1, vocab=51200)
    flops = training_flops(model, given["seq"], recompute="full").hardware
    step = flops * given["seq"] * given["global_batch"]
    return train_seconds(step, given["gpus"], given["achieved_tflops"] * 1e12)


MODELS = {"llama2_7b": "llama-2-7b", "llama3_8b": "llama-3-8b", "qwen2.5_7b": "qwen2.5-7b"}


def lora_trainable(case: str, given: Inputs) -> float:
    targets = given["targets"]
    names = (targets,) if isinstance(targets, str) else tuple(targets)
    if "model" in given:
        return lora_params(preset(MODELS[given["model"]]), given["r"], names)
    family = "bert" if "query" in names else "gpt2"
    model = gpt({"layers": given["layers"], "hidden": given["hidden"]}, arch=family, heads=16)
    return lora_params(model, given["r"], names)


def lora_checkpoint(case: str, given: Inputs) -> float:
    return lora_trainable(case, given) * given["dtype_bytes"] / 2**20


def quant_overhead(case: str, given: Inputs) -> float:
    return quantised_bits(given["block"], given.get("block2", 0))


def quant_memory(case: str, given: Inputs) -> float:
    once, twice = (
        ask(params=given["params"], method="qlora", **{"double-quant": again}).total
        for again in (False, True)
    )
    return (once - twice) / 1e9


def hardware_peak(case: str, given: Inputs) -> float:
    return card(given["gpu"]).peak_flops(given["dtype"]) / 1e12


def hardware_bw(case: str, given: Inputs) -> float:
    return card(given["gpu"]).bandwidth / 1e12


def hardware_mem(case: str, given: Inputs) -> float:
    return card(given["gpu"]).memory_gb


def link_bw(case: str, given: Inputs) -> float:
    return card(given["gpu"]).link / 1e9


KINDS: dict[str, Callable[[str, Inputs], float]] = {
    "param_count": param_count,
    "active_param_count": active_param_count,
    "nonembedding_param_count": nonembedding_param_count,
    "param_count_formula": param_count_formula,
    "model_state_memory": model_state_memory,
    "max_model_size": max_model_size,
    "bytes_per_param": bytes_per_param,
    "activation_memory_per_layer": activation_memory_per_layer,
    "activation_memory_first_stage": activation_memory_first_stage,
    "activation_saving": activation_saving,
    "activation_factor": activation_factor,
    "recompute_overhead": recompute_overhead,
    "kv_cache_per_token": kv_cache_per_token,
    "kv_cache": kv_cache,
    "train_flops": train_flops,
    "compute_optimal": train_flops,
    "ratio": ratio,
    "mfu": utilisation,
    "hfu": utilisation,
    "train_days": train_days,
    "iteration_time": iteration_time,
    "lora_trainable": lora_trainable,
    "lora_checkpoint": lora_checkpoint,
    "quant_overhead": quant_overhead,
    "quant_memory": quant_memory,
    "hardware_peak": hardware_peak,
    "hardware_bw": hardware_bw,
    "hardware_mem": hardware_mem,
    "link_bw": link_bw,
}
CASES = [case for case in json.loads(FILE.read_text(encoding="utf-8")) if case["kind"] in KINDS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_agrees_with_the_published_figure(case: dict[str, Any]):
    ours = KINDS[case["kind"]](case["id"], case["inputs"])
    assert ours == pytest.approx(case["expected"], rel=case["rel_tol"], abs=1e-12)


def test_every_case_of_the_file_belongs_to_one_of_the_two_labs():
    kinds = {case["kind"] for case in json.loads(FILE.read_text(encoding="utf-8"))}
    text = (Path(__file__).parent / "test_published_parallel.py").read_text(encoding="utf-8")
    assert [kind for kind in kinds - set(KINDS) if kind not in text] == []
