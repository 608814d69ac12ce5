"""What a learner can set in the lab, with ranges, and how that becomes a request.

Pure data: the page draws these controls and keeps their values in its address. Names are those of
`simulate`'s options, except where a comment says what a control stands for.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from topics.labs.parallel.fields import option
from topics.labs.parallel.network.costs import OPS
from topics.labs.parallel.network.links import LINKS
from topics.labs.parallel.pipeline.schedules import SCHEDULES
from topics.labs.parallel.sequence_parallel import KINDS

Value = int | float | str | bool
Values = dict[str, Value]
GIB, MIB = 2**30, 2**20


def _always(values: Mapping[str, Value]) -> bool:
    return True


@dataclass(frozen=True)
class Control:
    """One setting. `steps` are the only values of a "steps" or "choice" control.

    An "exact" number is typed, a "number" or "integer" dragged.
    """

    name: str
    kind: Literal["integer", "number", "exact", "choice", "steps", "toggle"]
    default: Value
    low: float = 0
    high: float = 0
    step: float = 1
    steps: tuple[Value, ...] = ()
    shown: Callable[[Mapping[str, Value]], bool] = _always

    def parse(self, text: str) -> Value:
        """The value that `text` (from an address) stands for; the default where it is none."""
        if self.kind == "toggle":
            return text == "1" if text in ("0", "1") else self.default
        if self.kind in ("choice", "steps"):
            return next((step for step in self.steps if self.text(step) == text), self.default)
        try:
            number = float(text)
        except ValueError:
            return self.default
        if not self.low <= number <= self.high:
            return self.default
        return int(number) if self.kind == "integer" else number

    def text(self, value: Value) -> str:
        """How `value` stands in an address."""
        if self.kind == "toggle":
            return "1" if value else "0"
        return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Model:
    """The sizes of a known model, as options of `simulate`."""

    hidden: int
    heads: int
    kv_heads: int
    ffn: int
    layers: int
    vocab: int
    gated: str = "yes"


MODELS = {
    "Llama 2 7B": Model(4096, 32, 32, 11008, 32, 32000),
    "Llama 3 8B": Model(4096, 32, 8, 14336, 32, 128256),
    "Llama 3 70B": Model(8192, 64, 8, 28672, 80, 128256),
    "GPT-3 175B": Model(12288, 96, 96, 49152, 96, 50257, "no"),
    "Llama 3 405B": Model(16384, 128, 8, 53248, 126, 128256),
}


def _powers(first: int, last: int) -> tuple[int, ...]:
    return tuple(2**i for i in range(first.bit_length() - 1, last.bit_length()))


def _chunks_vary(values: Mapping[str, Value]) -> bool:
    schedule = SCHEDULES[str(values["schedule"])]
    return schedule.max_chunks is None and schedule.default_chunks > 1


def _zero_3(values: Mapping[str, Value]) -> bool:
    return values["zero"] == 3


def _slow(values: Mapping[str, Value]) -> bool:
    return values["slow_rank"] != 0


SCHEDULE = Control("schedule", "choice", "1f1b", steps=tuple(SCHEDULES))
CHUNKS = Control("chunks", "integer", 2, 1, 8, shown=_chunks_vary)
RANKS = Control("ranks", "steps", 8, steps=_powers(1, 4096))
NODE = Control("gpus_per_node", "steps", 8, steps=(1, 2, 4, 8, 16, 32, 64))
INTRA = Control("intra", "choice", "nvlink-h100", steps=tuple(LINKS))
INTER = Control("inter", "choice", "ib-ndr-400g", steps=tuple(LINKS))
TFLOPS = Control("tflops", "integer", 400, 20, 1500, 20)
MODEL = Control("model", "choice", "Llama 2 7B", steps=tuple(MODELS))  # hidden, heads, …
SEQ = Control("seq", "steps", 4096, steps=_powers(512, 2**20))
BATCH = Control("batch", "integer", 1, 1, 16)
ZERO = Control("zero", "steps", 0, steps=(0, 1, 2, 3))

CONTROLS: dict[str, tuple[Control, ...]] = {
    "pp": (
        SCHEDULE,
        Control("stages", "integer", 4, 1, 64),
        Control("micro_batches", "integer", 8, 1, 256),
        CHUNKS,
        Control("forward", "exact", 1.0, 0.0, 1e6, 0.1),
        Control("backward_input", "exact", 1.0, 0.0, 1e6, 0.1),
        Control("backward_weight", "exact", 1.0, 0.0, 1e6, 0.1),
        Control("comm", "exact", 0.0, 0.0, 1e6, 0.1),
        Control("slow_rank", "integer", 0, 0, 64),  # counted from 1; 0 is none
        Control("slow_by", "number", 1.5, 1.0, 5.0, 0.1, shown=_slow),  # times as slow
        Control("activation_gib", "number", 1.0, 0.0, 20.0, 0.1),
        Control("static_gib", "number", 0.0, 0.0, 140.0, 1.0),
        Control("message_mib", "integer", 32, 1, 1024),
    ),
    "zero": (
        ZERO,
        RANKS,
        Control("params_b", "steps", 7.0, steps=(0.125, 0.35, 1.3, 2.7, 7.0, 13.0, 30.0, 70.0)),
        Control("layers", "integer", 32, 1, 128),
        SEQ,
        Control("micro_batches", "integer", 1, 1, 16),
        Control("overlap", "toggle", True),
        Control("bucket_mib", "integer", 25, 1, 1000, shown=lambda v: not _zero_3(v)),
        Control("prefetch", "integer", 1, 0, 4, shown=_zero_3),
        TFLOPS,
        NODE,
        INTRA,
        INTER,
    ),
    "tp": (
        Control("ranks", "steps", 8, steps=_powers(1, 64)),
        MODEL,
        SEQ,
        BATCH,
        Control("sequence_parallel", "toggle", False),
        Control("fused_inputs", "toggle", True, shown=lambda v: not v["sequence_parallel"]),
        Control("regather", "toggle", False, shown=lambda v: bool(v["sequence_parallel"])),
        TFLOPS,
        NODE,
        INTRA,
        INTER,
    ),
    "sp": (
        Control("sp_kind", "choice", "ulysses", steps=KINDS),
        Control("ranks", "steps", 8, steps=_powers(1, 256)),
        MODEL,
        Control("seq", "steps", 32768, steps=_powers(1024, 2**20)),
        TFLOPS,
        NODE,
        INTRA,
        INTER,
    ),
    "ep": (
        Control("ranks", "steps", 8, steps=_powers(1, 128)),
        Control("experts", "steps", 64, steps=_powers(8, 512)),
        Control("top_k", "integer", 2, 1, 16),
        Control("tokens", "steps", 4096, steps=_powers(256, 65536)),
        Control("hidden", "steps", 4096, steps=_powers(1024, 16384)),
        Control("ffn", "steps", 1536, steps=(512, 768, 1024, 1408, 1536, 2048, 4096, 14336)),
        Control("imbalance", "number", 1.0, 1.0, 8.0, 0.1),
        Control("capacity_factor", "number", 0.0, 0.0, 4.0, 0.05),  # 0 is none
        TFLOPS,
        NODE,
        INTRA,
        INTER,
    ),
    "plan": (
        MODEL,
        Control("dp", "steps", 4, steps=_powers(1, 1024)),
        Control("tp", "steps", 8, steps=_powers(1, 16)),
        Control("pp", "steps", 4, steps=_powers(1, 32)),
        SCHEDULE,
        CHUNKS,
        Control("global_batch", "steps", 128, steps=_powers(1, 8192)),
        BATCH,
        Control("seq", "steps", 4096, steps=_powers(512, 131072)),
        Control("zero", "steps", 1, steps=(0, 1, 2, 3)),
        Control("sequence_parallel", "toggle", True),
        Control("recompute", "toggle", False),
        TFLOPS,
        NODE,
        INTRA,
        INTER,
    ),
    "collective": (
        Control("op", "choice", "all_reduce", steps=OPS),
        Control("payload_mib", "steps", 1024.0, steps=tuple(2.0**i for i in range(-10, 15))),
        RANKS,
        NODE,
        INTRA,
        INTER,
    ),
}


def defaults(kind: str) -> Values:
    """Every setting of a kind of parallelism at its default."""
    return {control.name: control.default for control in CONTROLS[kind]}


def request(kind: str, values: Mapping[str, Value]) -> dict[str, object]:
    """The options of `simulate` that these values stand for; hidden controls are left out."""
    shown = {c.name: values[c.name] for c in CONTROLS[kind] if c.shown(values)}
    found: dict[str, object] = {"parallel": kind}
    for name, value in shown.items():
        found |= _STANDS_FOR[name](shown) if name in _STANDS_FOR else {name: value}
    if kind == "pp":
        found |= _slowed(shown)
    return found


def command_line(asked: Mapping[str, object]) -> str:
    """The command that simulates the same in a terminal."""
    words = ["python", "-m", "app", "simulate"]
    for name, value in asked.items():
        words += [option(name), _word(value)]
    return shlex.join(words)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(_word(part) for part in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _slowed(values: Mapping[str, Value]) -> dict[str, object]:
    """Times rank by rank where one stage is slower."""
    rank, stages = int(values["slow_rank"]), int(values["stages"])
    if not 0 < rank <= stages:
        return {}
    names = ("forward", "backward_input", "backward_weight")
    factors = [float(values["slow_by"]) if r == rank - 1 else 1.0 for r in range(stages)]
    return {name: tuple(float(values[name]) * factor for factor in factors) for name in names}


def _of_model(values: Mapping[str, Value]) -> dict[str, object]:
    """The model's sizes; its vocabulary only where a whole plan counts it."""
    sizes = dict(vars(MODELS[str(values["model"])]))
    if "pp" not in values:
        del sizes["vocab"]
    return sizes


_STANDS_FOR: dict[str, Callable[[Mapping[str, Value]], dict[str, object]]] = {
    "model": _of_model,
    "params_b": lambda v: {"params": float(v["params_b"]) * 1e9},
    "slow_rank": lambda v: {},
    "slow_by": lambda v: {},
    "activation_gib": lambda v: {"activation_bytes": float(v["activation_gib"]) * GIB},
    "static_gib": lambda v: {"static_bytes": float(v["static_gib"]) * GIB},
    "message_mib": lambda v: {"message_bytes": int(v["message_mib"]) * MIB},
    "payload_mib": lambda v: {"bytes": float(v["payload_mib"]) * MIB},
    "capacity_factor": lambda v: (
        {"capacity_factor": v["capacity_factor"]} if v["capacity_factor"] else {}
    ),
}
