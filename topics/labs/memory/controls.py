"""What a learner can set on the lab's page, in groups, and how that becomes a request.

Pure data: the page draws these controls and keeps their values in its address. Names are those of
`estimate`'s options, except where a comment says what a control stands for.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from functools import cache

from topics.labs.memory.cards import all_cards
from topics.labs.memory.optimizers import OPTIMIZERS
from topics.labs.memory.presets import all_presets, preset
from topics.labs.memory.units import refuse
from topics.labs.parallel.controls import Control, Value, Values

CONFIG, SIZE = "config.json", "size"  # instead of a preset: a pasted config, a number
LONGEST_CONFIG = 6000  # characters of a pasted config that an address carries
AUTO = "auto"
KV_DTYPES = ("bf16", "fp8", "int8", "int4")
Shown = Callable[[Mapping[str, Value]], bool]


def _train(v: Mapping[str, Value]) -> bool:
    return v["mode"] == "train"


def _serve(v: Mapping[str, Value]) -> bool:
    return v["mode"] == "inference"


def _shape(v: Mapping[str, Value]) -> bool:
    return v["model"] != SIZE


def _lora(v: Mapping[str, Value]) -> bool:
    return _train(v) and _shape(v) and v["method"] in ("lora", "qlora")


def _huggingface(v: Mapping[str, Value]) -> bool:
    return _train(v) and _shape(v) and v["activations"] == "huggingface"


def _sharded(v: Mapping[str, Value]) -> bool:
    return _train(v) and v["dp"] != 1


def _experts(v: Mapping[str, Value]) -> bool:
    name = str(v["model"])
    return name in all_presets() and preset(name).experts is not None and v["dp"] != 1


def _trains_shape(v: Mapping[str, Value]) -> bool:
    return _train(v) and _shape(v)


def _powers(first: int, last: int) -> tuple[int, ...]:
    return tuple(2**i for i in range(first.bit_length() - 1, last.bit_length()))


@cache
def groups() -> dict[str, tuple[Control, ...]]:
    """All controls by group, in the order in which a person decides."""
    models = (*all_presets(), CONFIG, SIZE)
    return {
        "task": (
            Control("model", "choice", "llama-3-8b", steps=models),
            Control("params_b", "exact", 7.0, 0.001, 1e5, 0.5, shown=lambda v: not _shape(v)),
            Control("mode", "choice", "train", steps=("train", "inference")),
            Control(
                "method",
                "choice",
                "full",
                steps=("full", "freeze", "lora", "qlora"),
                shown=_trains_shape,
            ),
            Control("rank", "steps", 16, steps=_powers(1, 256), shown=_lora),
            Control(
                "targets",
                "choice",
                "all-linear",
                steps=("all-linear", "attention", "mlp", "q,v", "q,k,v,o"),
                shown=_lora,
            ),
            Control(
                "trainable_layers",
                "integer",
                2,
                1,
                32,
                shown=lambda v: _trains_shape(v) and v["method"] == "freeze",
            ),
        ),
        "batch": (
            Control("batch", "steps", 1, steps=_powers(1, 1024)),
            Control("seq", "steps", 2048, steps=_powers(128, 2**20)),
            Control("accumulate", "steps", 1, steps=_powers(1, 1024), shown=_train),
            Control(
                "recompute",
                "choice",
                "none",
                steps=("none", "selective", "full"),
                shown=_trains_shape,
            ),
            Control(
                "activations",
                "choice",
                "huggingface",
                steps=("huggingface", "fused"),
                shown=_trains_shape,
            ),
            Control(
                "attention", "choice", "sdpa", steps=("sdpa", "flash", "eager"), shown=_trains_shape
            ),
            Control("padded", "toggle", True, shown=_huggingface),
        ),
        "dtypes": (
            Control(
                "weights",
                "choice",
                "bf16",
                steps=("bf16", "fp16", "fp32", "fp8", "int8", "int4", "nf4"),
            ),
            Control("compute", "choice", AUTO, steps=(AUTO, "bf16", "fp16", "fp32"), shown=_train),
            Control("grads", "choice", AUTO, steps=(AUTO, "bf16", "fp16", "fp32"), shown=_train),
            Control("master", "choice", AUTO, steps=(AUTO, "none"), shown=_train),
            Control("optimizer", "choice", "adam", steps=tuple(OPTIMIZERS), shown=_train),
            Control(
                "kv_dtype", "choice", "bf16", steps=("bf16", "fp8", "int8", "int4"), shown=_serve
            ),
            Control("block_size", "steps", 0, steps=(0, 16, 32, 64, 128), shown=_serve),
        ),
        "parallel": (
            Control("dp", "steps", 1, steps=_powers(1, 4096), shown=_train),
            Control("tp", "steps", 1, steps=_powers(1, 64)),
            Control("pp", "steps", 1, steps=_powers(1, 64)),
            Control("ep", "steps", 1, steps=_powers(1, 256), shown=_experts),
            Control("zero", "steps", 0, steps=(0, 1, 2, 3), shown=_sharded),
            Control("sp", "toggle", False, shown=lambda v: _trains_shape(v) and v["tp"] != 1),
        ),
        "card": (
            Control("gpu", "choice", "A100-SXM-80GB", steps=tuple(all_cards())),
            Control("price", "exact", 0.0, 0.0, 1000.0, 0.1),  # 0: as in cards.toml
            Control("mfu", "number", 0.4, 0.05, 0.9, 0.01),
            Control("tokens_b", "exact", 0.0, 0.0, 1e6, 1.0),  # billions; 0: not asked
        ),
    }


@cache
def controls() -> dict[str, Control]:
    """All controls by name."""
    return {control.name: control for group in groups().values() for control in group}


def defaults() -> Values:
    return {control.name: control.default for control in controls().values()}


def request(values: Mapping[str, Value], config: str = "") -> dict[str, object]:
    """The options of `estimate` that these values stand for; hidden controls are left out.

    `config` is the pasted config.json where the model is one. Raises SettingError for text that is
    no JSON object.
    """
    shown = {name: values[name] for name, c in controls().items() if c.shown(values)}
    found: dict[str, object] = {}
    for name, value in shown.items():
        if value == AUTO:
            continue
        found |= _STANDS_FOR[name](value, config) if name in _STANDS_FOR else {name: value}
    return found


def _model(value: Value, config: str) -> dict[str, object]:
    if value == SIZE:
        return {}
    return {"model": pasted(config) if value == CONFIG else value}


def pasted(config: str) -> dict[str, object]:
    """A pasted config.json as a dictionary."""
    if not config.strip():
        raise refuse("paste the text of a config.json")
    try:
        found = json.loads(config)
    except ValueError as error:
        raise refuse("this is not JSON: {error}", error=error) from None
    if not isinstance(found, dict):
        raise refuse("this is no JSON object; paste the whole config.json")
    return found


_STANDS_FOR: dict[str, Callable[[Value, str], dict[str, object]]] = {
    "model": _model,
    "params_b": lambda v, _: {"params": float(v) * 1e9},
    "tokens_b": lambda v, _: {"tokens": float(v) * 1e9} if v else {},
    "price": lambda v, _: {"price": v} if v else {},
}


def command_line(asked: Mapping[str, object]) -> str:
    """The command that estimates the same in a terminal."""
    words = ["python", "-m", "app", "estimate"]
    for name, value in asked.items():
        if name == "sp" and value is False:
            continue
        words.append("--" + name.replace("_", "-"))
        if name == "sp" and value is True:
            continue
        words.append(_word(value))
    return shlex.join(words)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "config.json"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
