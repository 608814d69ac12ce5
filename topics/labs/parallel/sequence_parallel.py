"""Splitting one long sequence over ranks: Megatron's, Ulysses' and ring attention's traffic.

All three start from N/P tokens on each of P ranks. Megatron sequence parallelism gathers and
scatters whole activations, whose volume per rank does not shrink with P. Ulysses swaps "my tokens,
all heads" for "all tokens, my heads" by all-to-alls, whose volume per rank falls as 1/P. Ring
attention keeps the queries and passes keys and values round.
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.network.costs import collective_cost
from topics.labs.parallel.network.links import EIGHT_H100, Topology
from topics.labs.parallel.streams import (
    StepResult,
    Streams,
    Work,
    must_be_positive,
    must_divide,
    must_fit,
)
from topics.labs.parallel.tensor_parallel import (
    LLAMA_7B,
    LayerShape,
    TensorParallelSettings,
    check_layer,
    simulate_tensor_parallel,
)
from topics.phrases import say

KINDS = ("megatron", "ulysses", "ring")


@dataclass(frozen=True)
class SequenceParallelSettings:
    """`kind` is one of KINDS; `flops` is what a GPU really achieves per second."""

    topology: Topology = EIGHT_H100
    layer: LayerShape = LLAMA_7B
    kind: str = "megatron"
    dtype_bytes: float = 2.0
    flops: float = 400e12
    algorithm: str = "auto"


@dataclass(frozen=True)
class Exchange:
    """One exchange of a layer, done `passes` times with `payload` bytes each."""

    what: str
    op: str
    backward: bool
    payload: float
    passes: int = 1


def simulate_sequence_parallel(settings: SequenceParallelSettings) -> StepResult:
    """One micro-batch forward and backward through all layers.

    Ring attention's passes run beside the attention of the block already there; the exchanges of
    the other two stand between computations. Raises SettingError for what cannot be split.
    """
    _check(settings)
    if settings.kind == "megatron":
        return simulate_tensor_parallel(_as_tensor_parallel(settings))
    streams = Streams(overlap=settings.kind == "ring")
    for backward in (False, True):
        for layer in range(settings.layer.n_layers):
            _layer(settings, streams, layer, backward)
    return streams.result(_memory(settings))


def exchanges(settings: SequenceParallelSettings) -> list[Exchange]:
    """Ulysses' and ring attention's exchanges in one layer, forward and backward.

    The backward of an all-to-all is an all-to-all. Ring attention's backward passes keys and
    values round again, and their gradients all the way home, one pass more.
    """
    layer, n = settings.layer, settings.topology.n_ranks
    mine = layer.tokens / n * settings.dtype_bytes
    query, key = mine * layer.hidden, mine * layer.n_kv_heads * layer.head_dim
    if settings.kind == "ring":
        return [
            Exchange("keys and values", "ring_pass", False, 2 * key, n - 1),
            Exchange("keys and values", "ring_pass", True, 2 * key, n - 1),
            Exchange("their gradients", "ring_pass", True, 2 * key, n if n > 1 else 0),
        ]
    sizes = {"queries": query, "keys": key, "values": key, "output": query}
    return [
        Exchange(what, "all_to_all", backward, size)
        for backward in (False, True)
        for what, size in sizes.items()
    ]


def forward_elements_per_rank(settings: SequenceParallelSettings) -> float:
    """Elements each rank sends in one layer's forward; as printed for large P without (P−1)/P.

    4·N·h/P for Ulysses against 4·N·h for Megatron, N the tokens of the whole sequence (Jacobs et
    al. 2023, section 3.2).
    """
    _check(settings)
    layer, n = settings.layer, settings.topology.n_ranks
    share = (n - 1) / n
    if settings.kind == "megatron":
        return 4 * layer.tokens * layer.hidden * share
    share = 1.0 if settings.kind == "ring" else share  # a pass hands on the whole piece
    sent = sum(e.payload * e.passes for e in exchanges(settings) if not e.backward)
    return sent * share / settings.dtype_bytes


def _layer(
    settings: SequenceParallelSettings, streams: Streams, layer: int, backward: bool
) -> None:
    shape, n = settings.layer, settings.topology.n_ranks
    rate = settings.flops * n
    name = f"{'backward' if backward else 'forward'} {layer}"
    linear = (2 if backward else 1) * shape.linear_flops / rate
    score = (2 if backward else 1) * shape.score_flops / rate
    mine = [e for e in exchanges(settings) if e.backward == backward]
    if settings.kind == "ring":
        streams.compute(f"{name}: projections", linear)
        _ring_attention(settings, streams, name, score, mine)
        return
    before, after = (mine[:1], mine[1:]) if backward else (mine[:3], mine[3:])
    streams.compute(f"{name}: projections", linear)
    for exchange in before:
        _all_to_all(settings, streams, name, exchange)
    streams.compute(f"{name}: attention", score)
    for exchange in after:
        _all_to_all(settings, streams, name, exchange)


def _all_to_all(
    settings: SequenceParallelSettings, streams: Streams, name: str, exchange: Exchange
) -> None:
    cost = collective_cost("all_to_all", exchange.payload, settings.topology, "direct")
    streams.communicate(f"all-to-all of {exchange.what}, {name}", cost)


def _ring_attention(
    settings: SequenceParallelSettings,
    streams: Streams,
    name: str,
    score: float,
    passed: list[Exchange],
) -> None:
    """P blocks of attention; keys and values for the next one arrive while one is computed.

    A block's gradients (the second exchange of a backward) leave when it is done.
    """
    n, arrived = settings.topology.n_ranks, 0.0
    for block in range(n):
        work = streams.compute(f"{name}: attention block {block}", score / n, after=arrived)
        for exchange, ready in zip(passed, (work.start, work.end), strict=False):
            if block < exchange.passes:
                sent = _pass(settings, streams, name, exchange, ready)
                arrived = max(arrived, sent.end) if exchange is passed[0] else arrived
    streams.join()


def _pass(
    settings: SequenceParallelSettings,
    streams: Streams,
    name: str,
    exchange: Exchange,
    ready: float,
) -> Work:
    """Hands one piece to the next rank of the ring; all ranks wait for the slowest link."""
    seconds = max(link.seconds(exchange.payload) for link in settings.topology.ring_links)
    what = f"pass {exchange.what}, {name}"
    return streams.send(what, exchange.op, seconds, exchange.payload, ready)


def _as_tensor_parallel(settings: SequenceParallelSettings) -> TensorParallelSettings:
    return TensorParallelSettings(
        settings.topology,
        settings.layer,
        settings.dtype_bytes,
        settings.flops,
        sequence_parallel=True,
        algorithm=settings.algorithm,
    )


def _memory(settings: SequenceParallelSettings) -> dict[str, float]:
    """Whole weights on every rank; activations of its own tokens, 34 bytes per channel."""
    layer, n = settings.layer, settings.topology.n_ranks
    return {
        "weights": layer.n_layers * layer.linear_params * settings.dtype_bytes,
        "activations": layer.n_layers * 34.0 * layer.tokens * layer.hidden / n,
    }


def _check(settings: SequenceParallelSettings) -> None:
    if settings.kind not in KINDS:
        raise SettingError(
            f"No sequence parallelism is called {settings.kind!r}. There are: {', '.join(KINDS)}."
        )
    check_layer(settings.layer)
    must_be_positive(flops=settings.flops, dtype_bytes=settings.dtype_bytes)
    n = settings.topology.n_ranks
    must_divide("tokens of a sequence", settings.layer.seq_len, "sequence-parallel size", n)
    if settings.kind == "ring":
        must_fit("layers × ranks", settings.layer.n_layers * n, 100_000)
    if settings.kind == "ulysses":
        must_divide("attention heads", settings.layer.n_heads, "Ulysses size", n)
        if settings.layer.n_kv_heads % n:
            raise SettingError(
                say(
                    "Ulysses gives each of {n} ranks whole key-value heads and there are {heads}. "
                    "Use at most {heads} ranks, or ring attention, which splits no heads.",
                    n=n,
                    heads=settings.layer.n_kv_heads,
                )
            )
