"""Tensor parallelism in a Transformer layer, plain and with sequence parallelism (Megatron-LM).

Each rank holds 1/t of the heads and of the feed-forward width. Plain: an all-reduce of the
activations (b·s·h elements) ends attention and feed-forward, twice in the forward and twice in the
backward (Shoeybi et al. 2019). With sequence parallelism each all-reduce becomes an all-gather and
a reduce-scatter of the same total volume, and what lies between is sharded along the sequence
(Korthikanti et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from topics.labs.parallel.network.costs import CollectiveCost, collective_cost
from topics.labs.parallel.network.links import EIGHT_H100, Topology
from topics.labs.parallel.streams import (
    StepResult,
    Streams,
    must_be_positive,
    must_divide,
    must_fit,
)


@dataclass(frozen=True)
class LayerShape:
    """A Transformer's layers: sizes in elements, `micro_batch` sequences of `seq_len` tokens."""

    hidden: int = 4096
    n_heads: int = 32
    n_kv_heads: int = 32
    ffn_hidden: int = 11008
    gated: bool = True  # SwiGLU: an up and a gate projection
    n_layers: int = 32
    seq_len: int = 4096
    micro_batch: int = 1

    @property
    def head_dim(self) -> int:
        return self.hidden // self.n_heads

    @property
    def tokens(self) -> int:
        return self.micro_batch * self.seq_len

    @property
    def linear_params(self) -> int:
        """Weights of one layer's projections."""
        attention = 2 * self.hidden * (self.hidden + self.n_kv_heads * self.head_dim)
        return attention + (3 if self.gated else 2) * self.hidden * self.ffn_hidden

    @property
    def linear_flops(self) -> float:
        """FLOP of one layer's projections in one forward: 2 per weight and token."""
        return 2.0 * self.tokens * self.linear_params

    @property
    def score_flops(self) -> float:
        """FLOP of QKᵀ and of its product with V in one forward, without skipping masked pairs."""
        return 4.0 * self.tokens * self.seq_len * self.hidden


LLAMA_7B = LayerShape()


@dataclass(frozen=True)
class TensorParallelSettings:
    """`flops` is what a GPU really achieves per second; see `calls_per_layer` for the switches."""

    topology: Topology = EIGHT_H100
    layer: LayerShape = LLAMA_7B
    dtype_bytes: float = 2.0
    flops: float = 400e12
    sequence_parallel: bool = False
    fused_inputs: bool = True
    regather: bool = False
    algorithm: str = "auto"


@dataclass(frozen=True)
class Call:
    """One collective of a layer: where it stands, which, and how many bytes of activations."""

    where: str
    op: str
    backward: bool
    payload: float


def calls_per_layer(settings: TensorParallelSettings) -> list[Call]:
    """Every collective of one layer for one micro-batch, in order.

    With `fused_inputs` the projections that read the same input share one backward reduction, as
    in Megatron-LM. Without, q, k and v (and gate and up) reduce their input's gradient one by one,
    as a plan of separate column-wise linears does; with sequence parallelism they also gather it
    one by one. `regather` adds the all-gather with which
    sequence parallelism fetches the layer input again for its weight gradient instead of keeping
    it whole (Korthikanti et al. 2022, section 4.2.2).
    """
    layer = settings.layer
    payload = float(layer.tokens * layer.hidden * settings.dtype_bytes)
    readers = {"attention": 3, "feed-forward": 2 if layer.gated else 1}
    blocks = ("attention", "feed-forward")
    times = {b: 1 if settings.fused_inputs else readers[b] for b in blocks}
    forward: list[tuple[str, str]] = []
    backward: list[tuple[str, str]] = []
    for b in blocks:
        if settings.sequence_parallel:
            again = times[b] if settings.regather else 0
            forward += [(b, "all_gather")] * times[b] + [(b, "reduce_scatter")]
            enter = [(b, "all_gather")] * (1 + again)
            backward[:0] = enter + [(b, "reduce_scatter")] * times[b]
        else:
            forward += [(b, "all_reduce")]
            backward[:0] = [(b, "all_reduce")] * times[b]
    calls = [Call(b, op, False, payload) for b, op in forward]
    return calls + [Call(b, op, True, payload) for b, op in backward]


def simulate_tensor_parallel(settings: TensorParallelSettings) -> StepResult:
    """One micro-batch forward and backward through all layers; nothing overlaps.

    Raises SettingError where heads, widths or the sequence cannot be shared by the ranks.
    """
    check_tensor_parallel(settings)
    streams = Streams(overlap=False)
    calls = calls_per_layer(settings)
    for backward in (False, True):
        layers = range(settings.layer.n_layers)
        for layer in reversed(layers) if backward else layers:
            _layer(settings, streams, layer, [c for c in calls if c.backward == backward])
    return streams.result(_memory(settings))


def bytes_per_layer(settings: TensorParallelSettings) -> float:
    """Bytes each rank sends per layer and micro-batch: 8·b·s·h·(t−1)/t elements for plain TP."""
    check_tensor_parallel(settings)
    return sum(_cost(settings, call).bytes_sent for call in calls_per_layer(settings))


def check_tensor_parallel(settings: TensorParallelSettings) -> None:
    """Raises SettingError where the sizes cannot be shared by the ranks."""
    layer, t = settings.layer, settings.topology.n_ranks
    check_layer(layer)
    must_be_positive(flops=settings.flops, dtype_bytes=settings.dtype_bytes)
    must_divide("attention heads", layer.n_heads, "tensor-parallel size", t)
    if layer.n_kv_heads >= t:
        must_divide("key-value heads", layer.n_kv_heads, "tensor-parallel size", t)
    must_divide("feed-forward channels", layer.ffn_hidden, "tensor-parallel size", t)
    if settings.sequence_parallel:
        must_divide("tokens of a sequence", layer.seq_len, "tensor-parallel size", t)


def check_layer(layer: LayerShape) -> None:
    """Raises SettingError where the model itself is not one."""
    must_be_positive(
        hidden=layer.hidden,
        n_heads=layer.n_heads,
        n_kv_heads=layer.n_kv_heads,
        ffn_hidden=layer.ffn_hidden,
        n_layers=layer.n_layers,
        seq_len=layer.seq_len,
        micro_batch=layer.micro_batch,
    )
    must_fit("layers", layer.n_layers, 10_000)
    must_divide("hidden channels", layer.hidden, "attention heads", layer.n_heads)
    must_divide("attention heads", layer.n_heads, "key-value heads", layer.n_kv_heads)


def layer_times(settings: TensorParallelSettings) -> tuple[float, float, float]:
    """Seconds of one layer on one rank: forward, input gradient, weight gradient, with collectives.

    The projections cost the same three times over; attention scores have no weights and cost twice
    in the input gradient.
    """
    layer, rate = settings.layer, settings.flops * settings.topology.n_ranks
    waits = {False: 0.0, True: 0.0}
    for call in calls_per_layer(settings):
        waits[call.backward] += _cost(settings, call).seconds
    linear, score = layer.linear_flops / rate, layer.score_flops / rate
    return linear + score + waits[False], linear + 2 * score + waits[True], linear


def _layer(
    settings: TensorParallelSettings, streams: Streams, layer: int, calls: list[Call]
) -> None:
    """One layer, forward or backward: each block computes, and its collectives stand around it."""
    backward = calls[0].backward if calls else False
    name = f"{'backward' if backward else 'forward'} {layer}"
    for block in ("feed-forward", "attention") if backward else ("attention", "feed-forward"):
        seconds = _block_seconds(settings, block) * (2 if backward else 1)
        mine = [call for call in calls if call.where == block]
        before = [call for call in mine if call.op == "all_gather"]
        for call in before:
            streams.communicate(f"{call.op} {name}", _cost(settings, call))
        streams.compute(f"{name}: {block}", seconds)
        for call in mine[len(before) :]:
            streams.communicate(f"{call.op} {name}", _cost(settings, call))


def _block_seconds(settings: TensorParallelSettings, block: str) -> float:
    layer, rate = settings.layer, settings.flops * settings.topology.n_ranks
    width = (3 if layer.gated else 2) * layer.ffn_hidden
    feed_forward = 2.0 * layer.tokens * layer.hidden * width
    if block == "feed-forward":
        return feed_forward / rate
    return (layer.linear_flops - feed_forward + layer.score_flops) / rate


def _cost(settings: TensorParallelSettings, call: Call) -> CollectiveCost:
    return collective_cost(call.op, call.payload, settings.topology, settings.algorithm)


def _memory(settings: TensorParallelSettings) -> dict[str, float]:
    """Weights, and activations with fused attention: 34·s·b·h per layer (Korthikanti, table 2)."""
    layer, t = settings.layer, settings.topology.n_ranks
    unit = layer.tokens * layer.hidden
    whole = 10 * unit / (t if settings.sequence_parallel else 1)  # norms, dropouts, their inputs
    return {
        "weights": layer.n_layers * layer.linear_params * settings.dtype_bytes / t,
        "activations": layer.n_layers * (whole + 24 * unit / t),
    }


def with_ranks(settings: TensorParallelSettings, n_ranks: int) -> TensorParallelSettings:
    """The same layer on another number of ranks, in nodes of the same size."""
    return replace(settings, topology=replace(settings.topology, n_ranks=n_ranks))
