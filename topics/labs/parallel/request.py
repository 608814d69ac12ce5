"""From what a person typed to a simulation: one function per kind of parallelism.

`run` is what the command line calls. Names are those of its options, with underscores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from topics.labs.parallel import parts
from topics.labs.parallel.data_parallel import (
    DEFAULT_BUCKET,
    MIB,
    DataParallelSettings,
    simulate_data_parallel,
)
from topics.labs.parallel.expert_parallel import ExpertParallelSettings, simulate_expert_parallel
from topics.labs.parallel.fields import Fields
from topics.labs.parallel.network.costs import OPS, CollectiveCost, collective_cost
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.pipeline.schedules import get_schedule
from topics.labs.parallel.pipeline.settings import HELD_FRACTION, PipelineSettings
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
from topics.labs.parallel.spellings import KINDS as OTHER_KINDS
from topics.labs.parallel.streams import StepResult, must_be_positive, must_divide
from topics.labs.parallel.tensor_parallel import (
    TensorParallelSettings,
    simulate_tensor_parallel,
)

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
    kind = fields.choice("parallel", KINDS_OF_PARALLELISM, "pp", OTHER_KINDS)
    answer = KINDS_OF_PARALLELISM[kind](fields)
    fields.refuse_the_rest(f"simulate --parallel {kind}")
    return answer


def _pipeline(fields: Fields) -> Answer:
    schedule = get_schedule(fields.text("schedule", "1f1b"))
    stages = fields.integer("stages", fields.integer("pp", 4))
    chunks = fields.integer("chunks", schedule.default_chunks)
    if fields.given("layers"):
        must_divide("layers", fields.integer("layers", 0), "stages × chunks", stages * chunks)
    backward_input, backward_weight = parts.backward(fields, 1.0)
    settings = PipelineSettings(
        schedule.name,
        stages,
        fields.integer("micro_batches", 8),
        chunks,
        fields.numbers("forward", 1.0),
        backward_input,
        backward_weight,
        fields.numbers("comm", 0.0),
        fields.numbers("activation_bytes", parts.activation_bytes(fields, stages)),
        fields.number("held_fraction", HELD_FRACTION),
        fields.numbers("static_bytes", 0.0),
        parts.message_bytes(fields),
    )
    return Answer("pp", simulate_pipeline(settings))


def _data(fields: Fields) -> Answer:
    """Plain data parallelism; `--zero` turns it into ZeRO."""
    return _data_or_zero(fields, "dp", fields.integer("zero", 0))


def _zero(fields: Fields) -> Answer:
    return _data_or_zero(fields, "zero", fields.integer("zero", 1))


def _data_or_zero(fields: Fields, kind: str, stage: int) -> Answer:
    topology = parts.topology(fields, "dp", 8)
    params, tokens = fields.number("params", 7e9), parts.layer(fields).tokens
    must_be_positive(params=params)
    pass_seconds = 2 * params * tokens / parts.flops(fields)
    backward_input, backward_weight = parts.backward(fields, pass_seconds)
    settings = DataParallelSettings(
        topology,
        params,
        fields.integer("layers", 32),
        stage,
        parts.whole_model(fields.numbers("forward", pass_seconds)),
        parts.whole_model(backward_input) + parts.whole_model(backward_weight),
        fields.number("optimizer_time", 0.0),
        fields.integer("micro_batches", 1),
        fields.number("bucket_mib", DEFAULT_BUCKET / MIB) * MIB,
        fields.flag("overlap", True),
        fields.integer("prefetch", 1),
        fields.width("dtype_bytes", 2.0),
        fields.width("grad_bytes", 2.0),
        fields.number("optimizer_bytes", 12.0),
        parts.algorithm(fields),
    )
    again = parts.on_ranks(settings, simulate_data_parallel)
    points = group_scaling(again, fields.integers("gpus"), lambda n: n * tokens)
    return Answer(kind, simulate_data_parallel(settings), tuple(points))


def _tensor(fields: Fields) -> Answer:
    topology = parts.topology(fields, "tp", 8)
    settings = TensorParallelSettings(
        topology,
        parts.layer(fields),
        fields.width("dtype_bytes", 2.0),
        parts.flops(fields),
        parts.sequence_parallel(fields, False),
        fields.flag("fused_inputs", True),
        fields.flag("regather", False),
        parts.algorithm(fields),
    )
    again = parts.on_ranks(settings, simulate_tensor_parallel)
    points = group_scaling(again, fields.integers("gpus"), lambda n: settings.layer.tokens)
    return Answer("tp", simulate_tensor_parallel(settings), tuple(points))


def _sequence(fields: Fields) -> Answer:
    kind = fields.choice("sp_kind", KINDS, "megatron")
    # Megatron's sequence parallelism runs in the tensor-parallel group.
    size = "tp" if kind == "megatron" and fields.given("tp") else "sp"
    topology = parts.topology(fields, size, 8)
    settings = SequenceParallelSettings(
        topology,
        parts.layer(fields),
        kind,
        fields.width("dtype_bytes", 2.0),
        parts.flops(fields),
        parts.algorithm(fields),
    )
    again = parts.on_ranks(settings, simulate_sequence_parallel)
    points = group_scaling(again, fields.integers("gpus"), lambda n: settings.layer.tokens)
    return Answer("sp", simulate_sequence_parallel(settings), tuple(points))


def _expert(fields: Fields) -> Answer:
    topology = parts.topology(fields, "ep", 8)
    settings = ExpertParallelSettings(
        topology,
        fields.integer("experts", 64),
        fields.integer("top_k", 2),
        fields.integer("tokens", 4096),
        fields.integer("hidden", 4096),
        fields.integer("ffn", 1536),
        fields.flag("gated", True),
        fields.integer("layers", 1),
        fields.width("dtype_bytes", 2.0),
        parts.flops(fields),
        fields.number("imbalance", 1.0),
        fields.maybe_number("capacity_factor"),
    )
    again = parts.on_ranks(settings, simulate_expert_parallel)
    points = group_scaling(again, fields.integers("gpus"), lambda n: n * settings.n_tokens)
    return Answer("ep", simulate_expert_parallel(settings), tuple(points))


def _collective(fields: Fields) -> Answer:
    cost = collective_cost(
        fields.choice("op", OPS, "all_reduce"),
        fields.number("bytes", 2.0**30),
        parts.topology(fields, "ranks", 8),
        parts.algorithm(fields),
    )
    return Answer("collective", cost)


def _plan(fields: Fields) -> Answer:
    """Data, tensor and pipeline parallelism together."""
    schedule = get_schedule(fields.text("schedule", "1f1b"))
    plan = Plan(
        parts.layer(fields),
        fields.integer("vocab", 32000),
        fields.integer("dp", 8),
        fields.integer("tp", 1),
        fields.integer("pp", fields.integer("stages", 1)),
        schedule.name,
        fields.integer("chunks", schedule.default_chunks),
        fields.integer("global_batch", 64),
        fields.integer("zero", 1),
        parts.sequence_parallel(fields, True),
        fields.flag("recompute", False),
        fields.integer("gpus_per_node", 8),
        fields.link("intra", "nvlink-h100"),
        fields.link("inter", "ib-ndr-400g"),
        parts.flops(fields),
        fields.width("dtype_bytes", 2.0),
        parts.algorithm(fields),
    )
    estimate, sizes = simulate_plan(plan), fields.integers("gpus")
    kind = fields.choice("scaling", ("weak", "strong"), "weak")
    if not sizes:
        return Answer("plan", estimate)
    curve: Callable[[Plan, Iterable[int]], list[ScalingPoint]]
    curve = weak_scaling if kind == "weak" else strong_scaling
    return Answer("plan", estimate, tuple(curve(plan, sizes)))


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
