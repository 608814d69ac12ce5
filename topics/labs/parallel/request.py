"""From what a person typed to a simulation: one function per kind of parallelism.

`run` is what the command line calls. Names are those of its options, with underscores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from topics.labs.parallel.data_parallel import (
    DEFAULT_BUCKET,
    MIB,
    DataParallelSettings,
    simulate_data_parallel,
)
from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.expert_parallel import ExpertParallelSettings, simulate_expert_parallel
from topics.labs.parallel.fields import Fields
from topics.labs.parallel.network.costs import OPS, CollectiveCost, collective_cost
from topics.labs.parallel.network.links import Topology
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.pipeline.schedules import get_schedule
from topics.labs.parallel.pipeline.settings import HELD_FRACTION, PerStage, PipelineSettings
from topics.labs.parallel.pipeline.simulate import simulate_pipeline
from topics.labs.parallel.plan import Plan, StepEstimate, simulate_plan
from topics.labs.parallel.scaling import (
    ScalingPoint,
    group_scaling,
    strong_scaling,
    weak_scaling,
)
from topics.labs.parallel.sequence_parallel import (
    KINDS,
    SequenceParallelSettings,
    simulate_sequence_parallel,
)
from topics.labs.parallel.streams import StepResult, must_be_positive, must_divide
from topics.labs.parallel.tensor_parallel import (
    LLAMA_7B,
    LayerShape,
    TensorParallelSettings,
    simulate_tensor_parallel,
)

TERA = 1e12
Outcome = PipelineResult | StepResult | StepEstimate | CollectiveCost


@dataclass(frozen=True)
class Answer:
    """What was simulated, under which kind of parallelism, and a scaling curve where asked for."""

    parallel: str
    outcome: Outcome
    scaling: tuple[ScalingPoint, ...] = ()


def run(values: Mapping[str, object]) -> Answer:
    """Simulates what `values` ask for. Raises SettingError for what cannot be."""
    fields = Fields(values)
    kind = fields.choice("parallel", KINDS_OF_PARALLELISM, "pp")
    answer = KINDS_OF_PARALLELISM[kind](fields)
    fields.refuse_the_rest(f"simulate --parallel {kind}")
    return answer


def _pipeline(fields: Fields) -> Answer:
    schedule = get_schedule(fields.text("schedule", "1f1b"))
    stages = fields.integer("stages", fields.integer("pp", 4))
    chunks = fields.integer("chunks", schedule.default_chunks)
    if fields.given("layers"):
        must_divide("layers", fields.integer("layers", 0), "stages × chunks", stages * chunks)
    backward_input, backward_weight = _backward(fields, 1.0)
    settings = PipelineSettings(
        schedule.name,
        stages,
        fields.integer("micro_batches", 8),
        chunks,
        fields.numbers("forward", 1.0),
        backward_input,
        backward_weight,
        fields.numbers("comm", 0.0),
        fields.numbers("activation_bytes", _activation_bytes(fields, stages)),
        fields.number("held_fraction", HELD_FRACTION),
        fields.numbers("static_bytes", 0.0),
        _message_bytes(fields),
    )
    return Answer("pp", simulate_pipeline(settings))


def _backward(fields: Fields, default: float) -> tuple[PerStage, PerStage]:
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


def _activation_bytes(fields: Fields, stages: int) -> float:
    """34·b·s·h per layer with fused attention (Korthikanti et al. 2022), a rank's share of them."""
    layer = _layer(fields)
    return 34.0 * layer.tokens * layer.hidden * layer.n_layers / max(1, stages)


def _message_bytes(fields: Fields) -> float:
    """What crosses a stage boundary: given, or b · s · h values of the activation."""
    layer = _layer(fields)
    return fields.number(
        "message_bytes", layer.tokens * layer.hidden * fields.number("dtype_bytes", 2)
    )


def _data(fields: Fields) -> Answer:
    """Plain data parallelism; `--zero` turns it into ZeRO."""
    return _data_or_zero(fields, "dp", fields.integer("zero", 0))


def _zero(fields: Fields) -> Answer:
    return _data_or_zero(fields, "zero", fields.integer("zero", 1))


def _data_or_zero(fields: Fields, kind: str, stage: int) -> Answer:
    topology = _topology(fields, "dp", 8)
    params, tokens = fields.number("params", 7e9), _layer(fields).tokens
    must_be_positive(params=params)
    pass_seconds = 2 * params * tokens / _flops(fields)
    backward_input, backward_weight = _backward(fields, pass_seconds)
    settings = DataParallelSettings(
        topology,
        params,
        fields.integer("layers", 32),
        stage,
        _whole_model(fields.numbers("forward", pass_seconds)),
        _whole_model(backward_input) + _whole_model(backward_weight),
        fields.number("optimizer_time", 0.0),
        fields.integer("micro_batches", 1),
        fields.number("bucket_mib", DEFAULT_BUCKET / MIB) * MIB,
        fields.flag("overlap", True),
        fields.integer("prefetch", 1),
        fields.number("dtype_bytes", 2.0),
        fields.number("grad_bytes", 2.0),
        fields.number("optimizer_bytes", 12.0),
        _algorithm(fields),
    )
    again = _on_ranks(lambda t: simulate_data_parallel(replace(settings, topology=t)), topology)
    points = group_scaling(again, fields.integers("gpus"), lambda n: n * tokens)
    return Answer(kind, simulate_data_parallel(settings), tuple(points))


def _whole_model(times: PerStage) -> float:
    return sum(times) if isinstance(times, tuple) else times


def _tensor(fields: Fields) -> Answer:
    topology = _topology(fields, "tp", 8)
    settings = TensorParallelSettings(
        topology,
        _layer(fields),
        fields.number("dtype_bytes", 2.0),
        _flops(fields),
        fields.flag("sequence_parallel", False),
        fields.flag("fused_inputs", True),
        fields.flag("regather", False),
        _algorithm(fields),
    )
    again = _on_ranks(lambda t: simulate_tensor_parallel(replace(settings, topology=t)), topology)
    points = group_scaling(again, fields.integers("gpus"), lambda n: settings.layer.tokens)
    return Answer("tp", simulate_tensor_parallel(settings), tuple(points))


def _sequence(fields: Fields) -> Answer:
    topology = _topology(fields, "sp", 8)
    settings = SequenceParallelSettings(
        topology,
        _layer(fields),
        fields.choice("sp_kind", KINDS, "megatron"),
        fields.number("dtype_bytes", 2.0),
        _flops(fields),
        _algorithm(fields),
    )
    again = _on_ranks(lambda t: simulate_sequence_parallel(replace(settings, topology=t)), topology)
    points = group_scaling(again, fields.integers("gpus"), lambda n: settings.layer.tokens)
    return Answer("sp", simulate_sequence_parallel(settings), tuple(points))


def _expert(fields: Fields) -> Answer:
    topology = _topology(fields, "ep", 8)
    settings = ExpertParallelSettings(
        topology,
        fields.integer("experts", 64),
        fields.integer("top_k", 2),
        fields.integer("tokens", 4096),
        fields.integer("hidden", 4096),
        fields.integer("ffn", 1536),
        fields.flag("gated", True),
        fields.integer("layers", 1),
        fields.number("dtype_bytes", 2.0),
        _flops(fields),
        fields.number("imbalance", 1.0),
        fields.maybe_number("capacity_factor"),
    )
    again = _on_ranks(lambda t: simulate_expert_parallel(replace(settings, topology=t)), topology)
    points = group_scaling(again, fields.integers("gpus"), lambda n: n * settings.n_tokens)
    return Answer("ep", simulate_expert_parallel(settings), tuple(points))


def _collective(fields: Fields) -> Answer:
    cost = collective_cost(
        fields.choice("op", OPS, "all_reduce"),
        fields.number("bytes", 2.0**30),
        _topology(fields, "ranks", 8),
        _algorithm(fields),
    )
    return Answer("collective", cost)


def _plan(fields: Fields) -> Answer:
    """Data, tensor and pipeline parallelism together."""
    schedule = get_schedule(fields.text("schedule", "1f1b"))
    plan = Plan(
        _layer(fields),
        fields.integer("vocab", 32000),
        fields.integer("dp", 8),
        fields.integer("tp", 1),
        fields.integer("pp", fields.integer("stages", 1)),
        schedule.name,
        fields.integer("chunks", schedule.default_chunks),
        fields.integer("global_batch", 64),
        fields.integer("zero", 1),
        fields.flag("sequence_parallel", True),
        fields.flag("recompute", False),
        fields.integer("gpus_per_node", 8),
        fields.link("intra", "nvlink-h100"),
        fields.link("inter", "ib-ndr-400g"),
        _flops(fields),
        fields.number("dtype_bytes", 2.0),
        _algorithm(fields),
    )
    estimate, sizes = simulate_plan(plan), fields.integers("gpus")
    kind = fields.choice("scaling", ("weak", "strong"), "weak")
    if not sizes:
        return Answer("plan", estimate)
    curve: Callable[[Plan, Iterable[int]], list[ScalingPoint]]
    curve = weak_scaling if kind == "weak" else strong_scaling
    return Answer("plan", estimate, tuple(curve(plan, sizes)))


def _layer(fields: Fields) -> LayerShape:
    base = LLAMA_7B
    heads = fields.integer("heads", base.n_heads)
    return LayerShape(
        fields.integer("hidden", base.hidden),
        heads,
        fields.integer("kv_heads", heads),
        fields.integer("ffn", base.ffn_hidden),
        fields.flag("gated", True),
        fields.integer("layers", base.n_layers),
        fields.integer("seq", base.seq_len),
        fields.integer("batch", 1),
    )


def _flops(fields: Fields) -> float:
    flops = fields.number("tflops", 400.0) * TERA
    must_be_positive(tflops=flops)
    return flops


def _algorithm(fields: Fields) -> str:
    return fields.text("algorithm", "auto").lower()


def _topology(fields: Fields, size: str, default: int) -> Topology:
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


def _on_ranks(
    simulate: Callable[[Topology], StepResult], topology: Topology
) -> Callable[[int], StepResult]:
    """The same simulation on another number of ranks; small groups share a node."""

    def again(n_ranks: int) -> StepResult:
        per_node = math.gcd(n_ranks, topology.ranks_per_node)
        per_node = n_ranks if n_ranks < topology.ranks_per_node else per_node
        return simulate(replace(topology, n_ranks=n_ranks, ranks_per_node=per_node))

    return again


KINDS_OF_PARALLELISM: dict[str, Callable[[Fields], Answer]] = {
    "pp": _pipeline,
    "dp": _data,
    "zero": _zero,
    "tp": _tensor,
    "sp": _sequence,
    "ep": _expert,
    "plan": _plan,
    "collective": _collective,
}
