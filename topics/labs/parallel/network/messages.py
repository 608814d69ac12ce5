"""Collectives message by message: who sends which slice to whom in which step.

The slow and obvious form that the closed forms of `costs` are tested against. `run` applies the
messages to real vectors, so that a wrong pattern shows as a wrong sum; `timed` counts their bytes
and adds up, step by step, the slowest message.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.network.links import Topology


@dataclass(frozen=True)
class Message:
    """In `step`, `source` sends elements [first, last) to `target`, which adds or takes them."""

    step: int
    source: int
    target: int
    first: int
    last: int
    add: bool


@dataclass(frozen=True)
class Traffic:
    """Seconds of a whole collective and the bytes that each rank sent, shape (n_ranks,)."""

    seconds: float
    bytes_sent: npt.NDArray[np.float64]


def ring_reduce_scatter(ranks: list[int], slices: list[slice], step: int = 0) -> list[Message]:
    """n − 1 steps; then the i-th of `ranks` holds the sum of slice (i + 1) mod n."""
    n = len(ranks)
    return [
        _message(step + turn, ranks[i], ranks[(i + 1) % n], slices[(i - turn) % n], add=True)
        for turn in range(n - 1)
        for i in range(n)
    ]


def ring_all_gather(ranks: list[int], slices: list[slice], step: int = 0) -> list[Message]:
    """n − 1 steps, from where `ring_reduce_scatter` leaves off."""
    n = len(ranks)
    return [
        _message(step + turn, ranks[i], ranks[(i + 1) % n], slices[(i + 1 - turn) % n], add=False)
        for turn in range(n - 1)
        for i in range(n)
    ]


def ring_all_reduce(n_ranks: int, n_elements: int) -> list[Message]:
    ranks, slices = list(range(n_ranks)), cut(slice(0, n_elements), n_ranks)
    return ring_reduce_scatter(ranks, slices) + ring_all_gather(ranks, slices, n_ranks - 1)


def tree_all_reduce(n_ranks: int, n_elements: int) -> list[Message]:
    """Binomial reduce to rank 0, then the same tree downwards."""
    whole, rounds = slice(0, n_elements), (n_ranks - 1).bit_length()
    up = [
        (turn, child, child - (1 << turn))
        for turn in range(rounds)
        for child in range(1 << turn, n_ranks, 1 << (turn + 1))
    ]
    messages = [_message(turn, child, parent, whole, add=True) for turn, child, parent in up]
    return messages + [
        _message(2 * rounds - 1 - turn, parent, child, whole, add=False)
        for turn, child, parent in reversed(up)
    ]


def recursive_all_reduce(n_ranks: int, n_elements: int) -> list[Message]:
    """Recursive halving, far partners first, then doubling; a power of two of ranks."""
    if n_ranks & (n_ranks - 1):
        raise SettingError(f"{n_ranks} ranks is not a power of two.")
    held = [slice(0, n_elements)] * n_ranks
    scatter: list[Message] = []
    distance, step = n_ranks // 2, 0
    while distance:
        halves = [cut(piece, 2) for piece in held]
        upper = [bool(rank & distance) for rank in range(n_ranks)]
        scatter += [
            _message(step, rank, rank ^ distance, halves[rank][not upper[rank]], add=True)
            for rank in range(n_ranks)
        ]
        held = [halves[rank][upper[rank]] for rank in range(n_ranks)]
        distance, step = distance // 2, step + 1
    last = 2 * step - 1
    gather = [
        Message(last - m.step, m.target, m.source, m.first, m.last, add=False) for m in scatter
    ]
    return scatter + sorted(gather, key=lambda message: message.step)


def hierarchical_all_reduce(topology: Topology, n_elements: int) -> list[Message]:
    """Reduce-scatter inside each node, all-reduce between nodes slice by slice, all-gather."""
    g, nodes = topology.per_node, topology.n_nodes
    slices = cut(slice(0, n_elements), g)
    messages: list[Message] = []
    for node in range(nodes):
        messages += ring_reduce_scatter(list(range(node * g, (node + 1) * g)), slices)
    for local in range(g):
        ranks = [node * g + local for node in range(nodes)]
        pieces = cut(slices[(local + 1) % g], nodes)
        messages += ring_reduce_scatter(ranks, pieces, g - 1)
        messages += ring_all_gather(ranks, pieces, g - 1 + nodes - 1)
    for node in range(nodes):
        members = list(range(node * g, (node + 1) * g))
        messages += ring_all_gather(members, slices, g - 1 + 2 * (nodes - 1))
    return messages


def cut(whole: slice, n: int) -> list[slice]:
    """`whole` in n pieces that differ by at most one element, the longer ones first."""
    size, longer = divmod(whole.stop - whole.start, n)
    edges = [whole.start + i * size + min(i, longer) for i in range(n + 1)]
    return [slice(first, last) for first, last in pairwise(edges)]


def run(messages: list[Message], vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What each rank holds afterwards; `vectors` is (n_ranks, n_elements), one row per rank."""
    held = vectors.copy()
    for step in _by_step(messages):
        sent = [held[m.source, m.first : m.last].copy() for m in step]
        for message, values in zip(step, sent, strict=True):
            target = held[message.target, message.first : message.last]
            target[:] = target + values if message.add else values
    return held


def timed(messages: list[Message], topology: Topology, element_bytes: int) -> Traffic:
    """Bytes and time: the messages of a step run side by side, the steps one after the other."""
    sent = np.zeros(topology.n_ranks)
    for message in messages:
        sent[message.source] += (message.last - message.first) * element_bytes
    seconds = sum(
        max(
            topology.link(m.source, m.target).seconds((m.last - m.first) * element_bytes)
            for m in step
        )
        for step in _by_step(messages)
    )
    return Traffic(seconds, sent)


def _message(step: int, source: int, target: int, piece: slice, add: bool) -> Message:
    return Message(step, source, target, piece.start, piece.stop, add)


def _by_step(messages: list[Message]) -> list[list[Message]]:
    steps: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        steps[message.step].append(message)
    return [steps[step] for step in sorted(steps)]
