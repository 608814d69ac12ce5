"""Data parallelism and ZeRO: when the gradients of each bucket leave, and what a step then takes.

The model is a row of equal layers. The backward runs from the last layer to the first and each
finished bucket of gradients goes out while the layers before it are still computing. ZeRO-3 (FSDP)
also fetches each layer's weights before its forward and again before its backward.
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.network.costs import CollectiveCost, collective_cost
from topics.labs.parallel.network.links import EIGHT_H100, Topology
from topics.labs.parallel.streams import (
    StepResult,
    Streams,
    Work,
    must_be_positive,
    must_fit,
    must_not_be_negative,
)

MIB = 2**20
DEFAULT_BUCKET = 25 * MIB  # torch's DistributedDataParallel: bucket_cap_mb=25


@dataclass(frozen=True)
class DataParallelSettings:
    """`n_params` weights on this rank in `n_layers` equal layers; times in seconds.

    `forward` and `backward` are for one micro-batch through all layers, `optimizer` for updating
    all `n_params` (ZeRO shards that work too). `n_micro_batches` are accumulated before a step:
    ZeRO-0 and 1 reduce gradients after the last only, ZeRO-2 and 3 after each, for they keep no
    whole gradient. `prefetch` is how many layers ahead ZeRO-3 fetches weights. Bytes are per
    parameter: mixed-precision Adam has 2, 2 and 12 (Rajbhandari et al. 2020, section 3.1).
    """

    topology: Topology = EIGHT_H100
    n_params: float = 7e9
    n_layers: int = 32
    zero_stage: int = 0
    forward: float = 0.1
    backward: float = 0.2
    optimizer: float = 0.0
    n_micro_batches: int = 1
    bucket_bytes: float = DEFAULT_BUCKET
    overlap: bool = True
    prefetch: int = 1
    weight_bytes: float = 2.0
    grad_bytes: float = 2.0
    optimizer_bytes: float = 12.0
    algorithm: str = "auto"


def simulate_data_parallel(settings: DataParallelSettings) -> StepResult:
    """One step of data-parallel training. Raises SettingError for what cannot run."""
    _check(settings)
    streams = Streams(overlap=settings.overlap)
    step = _Step(settings, streams)
    for micro_batch in range(settings.n_micro_batches):
        if settings.zero_stage == 3:
            step.sharded_micro_batch(micro_batch)
        else:
            step.whole_micro_batch(micro_batch)
    step.update()
    return streams.result(memory_per_rank(settings))


def volume_per_parameter(zero_stage: int, n_ranks: int | None = None) -> float:
    """Elements each rank sends per parameter and step, without accumulation.

    2·(n−1)/n for data parallelism and ZeRO-1 and 2, 3·(n−1)/n for ZeRO-3; without `n_ranks` the
    limit for many ranks, as printed: 2, 2, 2, 3 (Rajbhandari et al. 2020, section 7).
    """
    if zero_stage not in (0, 1, 2, 3):
        raise SettingError(f"ZeRO has stages 0 (plain data parallelism) to 3, not {zero_stage}.")
    share = 1.0 if n_ranks is None else (n_ranks - 1) / n_ranks
    return (3 if zero_stage == 3 else 2) * share


def memory_per_rank(settings: DataParallelSettings) -> dict[str, float]:
    """Bytes per rank: model states (Rajbhandari et al. 2020, figure 1), and what is in transit."""
    n, stage, params = settings.topology.n_ranks, settings.zero_stage, settings.n_params
    layer = params / settings.n_layers
    memory = {
        "weights": settings.weight_bytes * params / (n if stage >= 3 else 1),
        "gradients": settings.grad_bytes * params / (n if stage >= 2 else 1),
        "optimizer": settings.optimizer_bytes * params / (n if stage >= 1 else 1),
    }
    if stage == 3 and n > 1:
        gathered = min(settings.n_layers, 1 + settings.prefetch) * layer * settings.weight_bytes
        memory["gathered layers"] = gathered + layer * settings.grad_bytes
    elif n > 1:
        whole = params * settings.grad_bytes
        memory["buckets"] = min(whole, max(settings.bucket_bytes, layer * settings.grad_bytes))
    return memory


class _Step:
    """Issues the work of one step in the order a framework does."""

    def __init__(self, settings: DataParallelSettings, streams: Streams) -> None:
        self.settings, self.streams = settings, streams
        self.layer_params = settings.n_params / settings.n_layers
        self.layer_forward = settings.forward / settings.n_layers
        self.layer_backward = settings.backward / settings.n_layers

    def cost(self, op: str, n_bytes: float) -> CollectiveCost:
        known = self.settings.algorithm
        return collective_cost(op, n_bytes, self.settings.topology, known)

    def whole_micro_batch(self, micro_batch: int) -> None:
        """Forward and backward with whole weights; gradients leave bucket by bucket."""
        settings, streams = self.settings, self.streams
        reduces = settings.zero_stage == 2 or micro_batch == settings.n_micro_batches - 1
        op = "all_reduce" if settings.zero_stage == 0 else "reduce_scatter"
        for layer in range(settings.n_layers):
            streams.compute(f"forward {layer}", self.layer_forward)
        waiting: list[int] = []
        for layer in reversed(range(settings.n_layers)):
            done = streams.compute(f"backward {layer}", self.layer_backward)
            waiting.append(layer)
            size = len(waiting) * self.layer_params * settings.grad_bytes
            if reduces and (size >= settings.bucket_bytes or layer == 0):
                name = f"{op.replace('_', '-')} of layers {waiting[-1]} to {waiting[0]}"
                streams.communicate(name, self.cost(op, size), after=done.end)
                waiting = []

    def sharded_micro_batch(self, micro_batch: int) -> None:
        """ZeRO-3: fetch, forward, fetch again, backward, reduce-scatter, layer by layer."""
        layers = list(range(self.settings.n_layers))
        self._sharded_pass(layers, "forward", self.layer_forward)
        self._sharded_pass(layers[::-1], "backward", self.layer_backward)

    def _sharded_pass(self, layers: list[int], name: str, seconds: float) -> None:
        """While a layer computes, the weights of the next `prefetch` layers come in."""
        ahead, fetched = self.settings.prefetch, dict[int, Work]()
        for position, layer in enumerate(layers):
            if layer not in fetched:
                fetched[layer] = self._fetch(layer, after=self.streams.compute_free)
            work = self.streams.compute(f"{name} {layer}", seconds, fetched[layer].end)
            for upcoming in layers[position + 1 : position + 1 + ahead]:
                if upcoming not in fetched:
                    fetched[upcoming] = self._fetch(upcoming, after=work.start)
            if name == "backward":
                cost = self.cost("reduce_scatter", self.layer_params * self.settings.grad_bytes)
                self.streams.communicate(f"reduce-scatter of layer {layer}", cost, after=work.end)

    def _fetch(self, layer: int, after: float) -> Work:
        cost = self.cost("all_gather", self.layer_params * self.settings.weight_bytes)
        return self.streams.communicate(f"all-gather of layer {layer}", cost, after)

    def update(self) -> None:
        """The optimiser waits for all gradients; ZeRO-1 and 2 then hand the new weights round."""
        settings, streams = self.settings, self.streams
        sharded = settings.zero_stage > 0
        seconds = settings.optimizer / (settings.topology.n_ranks if sharded else 1)
        done = streams.compute("optimizer", seconds, after=streams.join())
        if settings.zero_stage in (1, 2):
            cost = self.cost("all_gather", settings.n_params * settings.weight_bytes)
            streams.communicate("all-gather of the weights", cost, after=done.end)


def _check(settings: DataParallelSettings) -> None:
    volume_per_parameter(settings.zero_stage)
    must_be_positive(
        n_params=settings.n_params,
        n_layers=settings.n_layers,
        n_micro_batches=settings.n_micro_batches,
        bucket_bytes=settings.bucket_bytes,
    )
    must_fit("layers × micro-batches", settings.n_layers * settings.n_micro_batches, 50_000)
    must_not_be_negative(
        forward=settings.forward,
        backward=settings.backward,
        optimizer=settings.optimizer,
        prefetch=settings.prefetch,
        weight_bytes=settings.weight_bytes,
        grad_bytes=settings.grad_bytes,
        optimizer_bytes=settings.optimizer_bytes,
    )
