"""Time and bytes of a collective in closed form (the alpha-beta model; Thakur et al. 2005).

`payload` is counted as in nccl-tests: the buffer of an all-reduce, broadcast or reduce, the whole
gathered result of an all-gather, the whole input of a reduce-scatter, what one rank hands out in
an all-to-all. Below n is the number of ranks, S the payload, α the latency, B the bandwidth.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.network.links import Topology

OPS = ("all_reduce", "reduce_scatter", "all_gather", "broadcast", "reduce", "all_to_all")


@dataclass(frozen=True)
class CollectiveCost:
    """What one collective costs. Bytes are the busiest rank's, inside and between nodes."""

    op: str
    algorithm: str
    topology: Topology
    payload: float
    seconds: float
    steps: int
    intra_bytes: float
    inter_bytes: float
    formula: str

    @property
    def n_ranks(self) -> int:
        return self.topology.n_ranks

    @property
    def bytes_sent(self) -> float:
        """Bytes the busiest rank sends."""
        return self.intra_bytes + self.inter_bytes

    @property
    def algorithm_bandwidth(self) -> float:
        """Payload over time, bytes per second."""
        return self.payload / self.seconds if self.seconds else math.inf

    @property
    def bus_bandwidth(self) -> float:
        """What nccl-tests calls busbw: comparable with the link's own figure for any n."""
        return self.algorithm_bandwidth * bus_factor(self.op, self.n_ranks)


@dataclass(frozen=True)
class _Part:
    """One leg of a collective: so many steps, so many bytes from each rank, on one kind of link."""

    seconds: float
    steps: int
    intra_bytes: float = 0.0
    inter_bytes: float = 0.0


def bus_factor(op: str, n_ranks: int) -> float:
    """Bytes a rank must send per byte of payload: the least any algorithm can do (nccl-tests)."""
    _known(op)
    if n_ranks == 1:
        return 0.0
    share = (n_ranks - 1) / n_ranks
    if op == "all_reduce":
        return 2 * share
    return 1.0 if op in ("broadcast", "reduce") else share


@functools.lru_cache(maxsize=4096)
def collective_cost(
    op: str, payload: float, topology: Topology, algorithm: str = "auto"
) -> CollectiveCost:
    """The cost of `op` on `payload` bytes per the algorithm; "auto" takes the fastest.

    Raises SettingError for an unknown or unsuitable pair of operation and algorithm.
    """
    _known(op)
    if not (math.isfinite(payload) and payload >= 0):
        raise SettingError(f"The payload is {payload:g} bytes; it is zero or more, and finite.")
    if algorithm == "auto":
        costs = [_cost(op, payload, topology, name) for name in algorithms(op, topology)]
        return min(costs, key=lambda cost: cost.seconds)
    if algorithm not in ALGORITHMS or (algorithm, op) not in _FORMULAS:
        suitable = ", ".join(name for name in ALGORITHMS if (name, op) in _FORMULAS)
        raise SettingError(f"{op} has no algorithm {algorithm!r}. It has: {suitable}, auto.")
    if algorithm not in algorithms(op, topology):
        raise SettingError(
            f"{algorithm} {op} needs a number of ranks that is a power of two, not "
            f"{topology.n_ranks}. Use ring, which takes any number."
        )
    return _cost(op, payload, topology, algorithm)


def algorithms(op: str, topology: Topology) -> list[str]:
    """The algorithms that can run `op` on this topology."""
    power_of_two = topology.n_ranks & (topology.n_ranks - 1) == 0
    return [
        name
        for name in ALGORITHMS
        if (name, op) in _FORMULAS and (power_of_two or name != "recursive")
    ]


def _cost(op: str, payload: float, topology: Topology, algorithm: str) -> CollectiveCost:
    formula = _FORMULAS[algorithm, op]
    if topology.n_ranks == 1:
        nothing = "one rank: nothing"
        return CollectiveCost(op, algorithm, topology, payload, 0.0, 0, 0.0, 0.0, nothing)
    part = ALGORITHMS[algorithm](op, payload, topology)
    return CollectiveCost(
        op,
        algorithm,
        topology,
        payload,
        part.seconds,
        part.steps,
        part.intra_bytes,
        part.inter_bytes,
        formula,
    )


def _ring(op: str, payload: float, topology: Topology) -> _Part:
    """Every rank sends to its neighbour in each step: a step takes as long as the slowest link."""
    n = topology.n_ranks
    if op in ("broadcast", "reduce"):
        return _pipelined_ring(payload, topology)
    steps = (2 if op == "all_reduce" else 1) * (n - 1)
    return _everywhere(steps, payload / n, topology)


def _pipelined_ring(payload: float, topology: Topology) -> _Part:
    """Broadcast or reduce in k pieces down the chain; k balances latency and filling the chain."""
    n, link = topology.n_ranks, topology.slowest
    ideal = math.sqrt((n - 2) * payload / (link.latency * link.bandwidth)) if link.latency else 1e4
    pieces = max(1, min(10_000, round(ideal)))
    per_piece = _everywhere(1, payload / pieces, topology)
    steps = n - 2 + pieces
    return _Part(
        steps * per_piece.seconds,
        steps,
        pieces * per_piece.intra_bytes,
        pieces * per_piece.inter_bytes,
    )


def _tree(op: str, payload: float, topology: Topology) -> _Part:
    """A binomial tree that moves the whole payload at every level, up, down, or both."""
    rounds = math.ceil(math.log2(topology.n_ranks))
    inter = math.ceil(math.log2(topology.n_nodes)) if topology.n_nodes > 1 else 0
    intra = rounds - inter
    ways = 2 if op == "all_reduce" else 1
    seconds = intra * topology.intra.seconds(payload) + inter * topology.inter.seconds(payload)
    # The root hands the payload down once per level; a leaf of an all-reduce sends it up once.
    down = op != "reduce"
    return _Part(
        ways * seconds,
        ways * rounds,
        payload * (intra if down else (inter == 0)),
        payload * (inter if down else (inter > 0)),
    )


def _double_tree(op: str, payload: float, topology: Topology) -> _Part:
    """NCCL's two complementary trees, pipelined: each carries half, every rank sends about 2·S."""
    rounds = math.ceil(math.log2(topology.n_ranks))
    ways = 2 if op == "all_reduce" else 1
    slowest = topology.slowest
    intra = rounds - (math.ceil(math.log2(topology.n_nodes)) if topology.n_nodes > 1 else 0)
    latency = intra * topology.intra.latency + (rounds - intra) * topology.inter.latency
    sent = ways * payload * (topology.n_ranks - 1) / topology.n_ranks
    across = topology.n_nodes > 1
    return _Part(
        ways * latency + sent / slowest.bandwidth,
        ways * rounds,
        0.0 if across else sent,
        sent if across else 0.0,
    )


def _recursive(op: str, payload: float, topology: Topology) -> _Part:
    """Recursive halving and doubling: log2 n steps, partners twice as far, half the bytes, each."""
    ways = 2 if op == "all_reduce" else 1
    seconds, intra, inter, distance = 0.0, 0.0, 0.0, 1
    while distance < topology.n_ranks:
        # The farthest partners exchange the most in a reduce-scatter, so near ones the least.
        size = payload * distance / topology.n_ranks
        inside = distance < topology.per_node
        seconds += (topology.intra if inside else topology.inter).seconds(size)
        intra, inter = intra + size * inside, inter + size * (not inside)
        distance *= 2
    steps = ways * round(math.log2(topology.n_ranks))
    return _Part(ways * seconds, steps, ways * intra, ways * inter)


def _hierarchical(op: str, payload: float, topology: Topology) -> _Part:
    """Rings inside the nodes and, on 1/g of the payload per rank, rings between them."""
    g, nodes = topology.per_node, topology.n_nodes
    ways = 2 if op == "all_reduce" else 1
    inside, between = ways * (g - 1), ways * (nodes - 1)
    small, smaller = payload / g, payload / (g * nodes)
    seconds = inside * topology.intra.seconds(small) + between * topology.inter.seconds(smaller)
    return _Part(seconds, inside + between, inside * small, between * smaller)


def _direct(op: str, payload: float, topology: Topology) -> _Part:
    """Every rank sends its share to every other; node and network links work at the same time."""
    n, g, share = topology.n_ranks, topology.per_node, payload / topology.n_ranks
    inside = (g - 1) * topology.intra.seconds(share)
    between = (n - g) * topology.inter.seconds(share)
    return _Part(max(inside, between), n - 1, (g - 1) * share, (n - g) * share)


def _everywhere(steps: int, size: float, topology: Topology) -> _Part:
    """So many steps in which every rank sends `size` bytes to its neighbour."""
    seconds = steps * max(link.seconds(size) for link in topology.ring_links)
    across = topology.n_nodes > 1  # the busiest rank is one at the edge of a node
    return _Part(seconds, steps, 0.0 if across else steps * size, steps * size if across else 0.0)


def _known(op: str) -> None:
    if op not in OPS:
        raise SettingError(f"No collective is called {op!r}. There are: {', '.join(OPS)}.")


ALGORITHMS: dict[str, Callable[[str, float, Topology], _Part]] = {
    "ring": _ring,
    "tree": _tree,
    "double-tree": _double_tree,
    "recursive": _recursive,
    "hierarchical": _hierarchical,
    "direct": _direct,
}

_FORMULAS = {
    ("ring", "all_reduce"): "2(n−1)·(α + S/(nB))",
    ("ring", "reduce_scatter"): "(n−1)·(α + S/(nB))",
    ("ring", "all_gather"): "(n−1)·(α + S/(nB))",
    ("ring", "broadcast"): "(n−2+k)·(α + S/(kB)), k pieces",
    ("ring", "reduce"): "(n−2+k)·(α + S/(kB)), k pieces",
    ("tree", "all_reduce"): "2⌈log₂n⌉·(α + S/B)",
    ("tree", "broadcast"): "⌈log₂n⌉·(α + S/B)",
    ("tree", "reduce"): "⌈log₂n⌉·(α + S/B)",
    ("double-tree", "all_reduce"): "2⌈log₂n⌉·α + 2(n−1)/n·S/B",
    ("double-tree", "broadcast"): "⌈log₂n⌉·α + (n−1)/n·S/B",
    ("recursive", "all_reduce"): "2·log₂n·α + 2(n−1)/n·S/B",
    ("recursive", "reduce_scatter"): "log₂n·α + (n−1)/n·S/B",
    ("recursive", "all_gather"): "log₂n·α + (n−1)/n·S/B",
    ("hierarchical", "all_reduce"): (
        "2(g−1)·(α₁ + S/(gB₁)) + 2(N−1)·(α₂ + S/(gNB₂)): g ranks in each of N nodes"
    ),
    ("hierarchical", "reduce_scatter"): "(g−1)·(α₁ + S/(gB₁)) + (N−1)·(α₂ + S/(gNB₂))",
    ("hierarchical", "all_gather"): "(g−1)·(α₁ + S/(gB₁)) + (N−1)·(α₂ + S/(gNB₂))",
    ("direct", "all_to_all"): "max((g−1)·(α₁ + S/(nB₁)), (n−g)·(α₂ + S/(nB₂)))",
}
