"""What several kinds of request share: the model's layer, the group's topology, the times."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from topics.labs.parallel.data_parallel import DataParallelSettings
from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.expert_parallel import ExpertParallelSettings
from topics.labs.parallel.fields import Fields
from topics.labs.parallel.network.costs import ALGORITHMS
from topics.labs.parallel.network.links import Topology
from topics.labs.parallel.pipeline.settings import PerStage
from topics.labs.parallel.sequence_parallel import SequenceParallelSettings
from topics.labs.parallel.spellings import spelled
from topics.labs.parallel.streams import StepResult, must_be_positive
from topics.labs.parallel.tensor_parallel import LLAMA_7B, LayerShape, TensorParallelSettings

TERA = 1e12
Grouped = TypeVar(
    "Grouped",
    DataParallelSettings,
    TensorParallelSettings,
    SequenceParallelSettings,
    ExpertParallelSettings,
)


def backward(fields: Fields, default: float) -> tuple[PerStage, PerStage]:
    """Both halves; `--backward` gives their sum, cut in the middle."""
    if not fields.given("backward"):
        halves = ("backward_input", "backward_weight")
        return fields.numbers(halves[0], default), fields.numbers(halves[1], default)
    if fields.given("backward_input") or fields.given("backward_weight"):
        raise SettingError(
            "Give --backward for both halves together, or --backward-input and --backward-weight."
        )
    whole = fields.numbers("backward", 2 * default)
    half = tuple(part / 2 for part in whole) if isinstance(whole, tuple) else whole / 2
    return half, half


def activation_bytes(fields: Fields, stages: int) -> float:
    """34·b·s·h per layer with fused attention (Korthikanti et al. 2022), a rank's share of them."""
    shape = layer(fields)
    return 34.0 * shape.tokens * shape.hidden * shape.n_layers / max(1, stages)


def message_bytes(fields: Fields) -> float:
    """What crosses a stage boundary: given, or b · s · h values of the activation."""
    shape = layer(fields)
    size = shape.tokens * shape.hidden * fields.width("dtype_bytes", 2.0)
    return fields.number("message_bytes", size)


def whole_model(times: PerStage) -> float:
    return sum(times) if isinstance(times, tuple) else times


def layer(fields: Fields) -> LayerShape:
    base = LLAMA_7B
    heads = fields.integer("heads", base.n_heads)
    hidden, gated = fields.integer("hidden", base.hidden), fields.flag("gated", True)
    return LayerShape(
        hidden,
        heads,
        fields.integer("kv_heads", heads),
        fields.integer("ffn", ffn_width(hidden, gated)),
        gated,
        fields.integer("layers", base.n_layers),
        fields.integer("seq", base.seq_len),
        fields.integer("batch", 1),
    )


def ffn_width(hidden: int, gated: bool) -> int:
    """4·h; gated, two thirds of it on the next multiple of 256, as in LLaMA (11008 for 4096)."""
    return -(-8 * hidden // 3 // 256) * 256 if gated else 4 * hidden


def sequence_parallel(fields: Fields, default: bool) -> bool:
    """`--sequence-parallel`, or `--sp` as `estimate` has it."""
    return fields.flag("sequence_parallel", fields.flag("sp", default))


def flops(fields: Fields) -> float:
    flops = fields.number("tflops", 400.0) * TERA
    must_be_positive(tflops=flops)
    return flops


def algorithm(fields: Fields) -> str:
    return spelled(fields.text("algorithm", "auto"), [*ALGORITHMS, "auto"])


def topology(fields: Fields, size: str, default: int) -> Topology:
    """The group: its size under its own name or as `--ranks`, in nodes of `--gpus-per-node`."""
    n_ranks = fields.integer("ranks", default)
    if size != "ranks" and fields.given(size):
        named = fields.integer(size, default)
        if fields.given("ranks") and named != n_ranks:
            raise SettingError(f"--{size} {named} and --ranks {n_ranks} differ: give one of them.")
        n_ranks = named
    return Topology(
        n_ranks,
        fields.integer("gpus_per_node", 8),
        fields.link("intra", "nvlink-h100"),
        fields.link("inter", "ib-ndr-400g"),
    )


def on_ranks(
    settings: Grouped, simulate: Callable[[Grouped], StepResult]
) -> Callable[[int], StepResult]:
    """The same settings on another number of ranks; small groups share a node."""

    def again(n_ranks: int) -> StepResult:
        whole = settings.topology.ranks_per_node
        per_node = n_ranks if n_ranks < whole else math.gcd(n_ranks, whole)
        topology = replace(settings.topology, n_ranks=n_ranks, ranks_per_node=per_node)
        return simulate(replace(settings, topology=topology))

    return again
