"""A whole training step under data, tensor and pipeline parallelism together.

The three are simulated where they meet: tensor parallelism's collectives lengthen the times of a
pipeline stage, the pipeline is simulated with these times, and what data parallelism cannot hide
behind the last backward is added. GPUs are numbered tensor ranks first, then data, then pipeline,
so that the talkative groups share a node.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from topics.labs.parallel.data_parallel import DataParallelSettings, simulate_data_parallel
from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.network.links import LINKS, Link, Topology
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.pipeline.schedules import get_schedule
from topics.labs.parallel.pipeline.settings import PipelineSettings
from topics.labs.parallel.pipeline.simulate import simulate_pipeline
from topics.labs.parallel.streams import StepResult, must_be_positive, must_divide
from topics.labs.parallel.tensor_parallel import (
    LLAMA_7B,
    LayerShape,
    TensorParallelSettings,
    bytes_per_layer,
    check_tensor_parallel,
    layer_times,
)
from topics.phrases import say


@dataclass(frozen=True)
class Plan:
    """A model on a cluster, cut `dp` × `tp` × `pp` ways.

    `flops` is what one GPU really achieves per second on large matrices. `global_batch` counts
    sequences; `layer.micro_batch` of them run at a time. Memory counts 2 + 2 + 12 bytes per
    parameter for weights, gradients and Adam, and activations with fused attention.
    """

    layer: LayerShape = LLAMA_7B
    vocab: int = 32000
    dp: int = 8
    tp: int = 1
    pp: int = 1
    schedule: str = "1f1b"
    n_chunks: int | None = None
    global_batch: int = 64
    zero_stage: int = 1
    sequence_parallel: bool = True
    recompute: bool = False
    gpus_per_node: int = 8
    intra: Link = LINKS["nvlink-h100"]
    inter: Link = LINKS["ib-ndr-400g"]
    flops: float = 400e12
    dtype_bytes: float = 2.0
    algorithm: str = "auto"

    @property
    def n_gpus(self) -> int:
        return self.dp * self.tp * self.pp

    @property
    def n_micro_batches(self) -> int:
        return self.global_batch // (self.dp * self.layer.micro_batch)


@dataclass(frozen=True)
class StepEstimate:
    """A step of the whole cluster: seconds, bytes per GPU (the busiest), memory per GPU.

    `breakdown` sums to `seconds`: arithmetic at the given rate on the busiest stage, tensor
    parallelism's collectives there, the pipeline's idle time (bubble, hops and uneven stages), and
    what data parallelism leaves exposed. `efficiency` is the model's own arithmetic over what all
    GPUs could have done in that time.
    """

    plan: Plan
    seconds: float
    tokens_per_second: float
    efficiency: float
    breakdown: Mapping[str, float]
    bytes_sent: Mapping[str, float]
    memory: Mapping[str, float]
    pipeline: PipelineResult
    data_parallel: StepResult


def simulate_plan(plan: Plan) -> StepEstimate:
    """One training step. Raises SettingError, with what would work, for a plan that cannot be."""
    check_plan(plan)
    tensor = _tensor_settings(plan)
    pipeline = simulate_pipeline(_pipeline_settings(plan, tensor))
    data = simulate_data_parallel(_data_settings(plan, pipeline))
    # ZeRO-3 fetches weights for every micro-batch, the others communicate once.
    rounds = plan.n_micro_batches if plan.zero_stage == 3 else 1
    exposed = (data.step_time - data.compute_time) * rounds
    seconds = pipeline.step_time + exposed
    tokens = plan.global_batch * plan.layer.seq_len
    return StepEstimate(
        plan,
        seconds,
        tokens / seconds,
        _model_flops(plan) / (plan.n_gpus * plan.flops * seconds),
        _breakdown(plan, pipeline, exposed),
        _bytes(plan, tensor, pipeline, data, rounds),
        _memory(plan, pipeline, data),
        pipeline,
        data,
    )


def check_plan(plan: Plan) -> None:
    """Raises SettingError where the model or the batch cannot be cut as the plan says."""
    must_be_positive(
        dp=plan.dp, tp=plan.tp, pp=plan.pp, global_batch=plan.global_batch, vocab=plan.vocab
    )
    check_tensor_parallel(_tensor_settings(plan))
    must_divide("layers", plan.layer.n_layers, "pipeline stages × chunks", plan.pp * _chunks(plan))
    at_once = plan.dp * plan.layer.micro_batch
    must_divide("sequences in the batch", plan.global_batch, "dp × micro-batch", at_once)
    if plan.tp > plan.gpus_per_node:
        raise SettingError(
            say(
                "Tensor parallelism over {tp} GPUs leaves the node of {node}, and every layer "
                "would wait for the network. Use tp of at most {node}.",
                tp=plan.tp,
                node=plan.gpus_per_node,
            )
        )


def n_params(plan: Plan) -> float:
    """Parameters of the model: projections of every layer, input and output embeddings."""
    layer = plan.layer
    return float(layer.n_layers * layer.linear_params + 2 * plan.vocab * layer.hidden)


def _chunks(plan: Plan) -> int:
    schedule = get_schedule(plan.schedule)
    return schedule.default_chunks if plan.n_chunks is None else plan.n_chunks


def _tensor_settings(plan: Plan) -> TensorParallelSettings:
    return TensorParallelSettings(
        Topology(plan.tp, max(plan.tp, plan.gpus_per_node), plan.intra, plan.inter),
        plan.layer,
        plan.dtype_bytes,
        plan.flops,
        plan.sequence_parallel and plan.tp > 1,
        algorithm=plan.algorithm,
    )


def _pipeline_settings(plan: Plan, tensor: TensorParallelSettings) -> PipelineSettings:
    """Per-chunk times in seconds; the last chunk also computes the logits."""
    n_virtual = plan.pp * _chunks(plan)
    per_chunk = plan.layer.n_layers // n_virtual
    forward, backward_input, backward_weight = (per_chunk * t for t in layer_times(tensor))
    if plan.recompute:
        backward_input += forward
    logits = _logit_flops(plan) / (plan.flops * plan.tp)
    size = plan.layer.tokens * plan.layer.hidden * plan.dtype_bytes
    size /= plan.tp if tensor.sequence_parallel else 1
    return PipelineSettings(
        plan.schedule,
        plan.pp,
        plan.n_micro_batches,
        _chunks(plan),
        forward=_with_tail(forward, n_virtual, logits),
        backward_input=_with_tail(backward_input, n_virtual, logits),
        backward_weight=_with_tail(backward_weight, n_virtual, logits),
        comm=_hop_times(plan, n_virtual, size) or 0.0,
        activation_bytes=_activation_bytes(plan) * per_chunk * _chunks(plan),
        message_bytes=size,
    )


def _with_tail(value: float, n_virtual: int, tail: float) -> tuple[float, ...]:
    """`value` for every chunk, and `tail` more for the last."""
    return (value,) * (n_virtual - 1) + (value + tail,)


def _hop_times(plan: Plan, n_virtual: int, size: float) -> tuple[float, ...]:
    """Seconds of every hop; neighbours in the pipeline are dp·tp GPUs apart."""
    apart = plan.dp * plan.tp
    cluster = Topology(
        max(plan.n_gpus, plan.gpus_per_node) // plan.gpus_per_node * plan.gpus_per_node,
        plan.gpus_per_node,
        plan.intra,
        plan.inter,
    )
    v_shaped = get_schedule(plan.schedule).v_shaped
    ranks = [s % plan.pp for s in range(n_virtual)]
    if v_shaped:
        ranks = [*range(plan.pp), *reversed(range(plan.pp))]
    return tuple(cluster.link(a * apart, b * apart).seconds(size) for a, b in pairwise(ranks))


def _data_settings(plan: Plan, pipeline: PipelineResult) -> DataParallelSettings:
    """Data parallelism on the rank with most parameters, behind the last micro-batch's backward."""
    layers = plan.layer.n_layers // plan.pp
    embedding = plan.vocab * plan.layer.hidden * (2 if plan.pp == 1 else 1)
    params = (layers * plan.layer.linear_params + embedding) / plan.tp
    busy = pipeline.ideal / plan.n_micro_batches
    forward, *backward = layer_times(_tensor_settings(plan))
    share = forward / (forward * (1 + plan.recompute) + sum(backward))
    per_node = math.gcd(plan.dp, max(1, plan.gpus_per_node // plan.tp))
    return DataParallelSettings(
        Topology(plan.dp, per_node, plan.intra, plan.inter),
        params,
        layers,
        plan.zero_stage,
        forward=busy * share,
        backward=busy * (1 - share),
        algorithm=plan.algorithm,
        bucket_bytes=max(25 * 2**20, params * 2 / 40),  # as Megatron: buckets grow with the model
    )


def _breakdown(plan: Plan, pipeline: PipelineResult, exposed: float) -> dict[str, float]:
    """The step's seconds by cause, on the busiest stage of the pipeline."""
    tensor = _tensor_settings(plan)
    silent = replace(tensor, topology=replace(tensor.topology, intra=_INSTANT, inter=_INSTANT))
    waits = sum(layer_times(tensor)) - sum(layer_times(silent))
    if plan.recompute:
        waits += layer_times(tensor)[0] - layer_times(silent)[0]
    tensor_waits = waits * plan.layer.n_layers / plan.pp * plan.n_micro_batches
    return {
        "arithmetic": pipeline.ideal - tensor_waits,
        "tensor-parallel collectives": tensor_waits,
        "pipeline idle": pipeline.step_time - pipeline.ideal,
        "data-parallel exposed": exposed,
    }


def _bytes(
    plan: Plan,
    tensor: TensorParallelSettings,
    pipeline: PipelineResult,
    data: StepResult,
    rounds: int,
) -> dict[str, float]:
    layers = plan.layer.n_layers / plan.pp
    sent = {"tensor parallel": bytes_per_layer(tensor) * layers * plan.n_micro_batches}
    sent["pipeline"] = float(pipeline.bytes_sent.max())
    sent["data parallel"] = data.total_bytes_sent * rounds
    return sent


def _memory(plan: Plan, pipeline: PipelineResult, data: StepResult) -> dict[str, float]:
    return {**data.memory, "activations": float(pipeline.peak_memory.max())}


def _activation_bytes(plan: Plan) -> float:
    """Bytes one layer keeps per micro-batch and GPU (Korthikanti et al. 2022, table 2, fused)."""
    unit, t = plan.layer.tokens * plan.layer.hidden, plan.tp
    shards = t if plan.sequence_parallel else 1
    if plan.recompute:
        return 2.0 * unit / shards
    return unit * (10 / shards + 24 / t)


def _logit_flops(plan: Plan) -> float:
    return 2.0 * plan.layer.tokens * plan.layer.hidden * plan.vocab


def _model_flops(plan: Plan) -> float:
    """Forward and backward of the whole batch, recomputation not counted."""
    layer = plan.layer
    once = layer.n_layers * (layer.linear_flops + layer.score_flops) + _logit_flops(plan)
    return 3 * once * plan.global_batch / layer.micro_batch


_INSTANT = Link("instant", 0.0, float("inf"))
