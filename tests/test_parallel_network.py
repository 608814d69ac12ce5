"""What a collective costs: closed forms against the messages themselves, on real sums."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topics.labs.parallel import LINKS, Link, SettingError, Topology, bus_factor, collective_cost
from topics.labs.parallel.network import messages
from topics.labs.parallel.network.costs import OPS, algorithms
from topics.labs.parallel.network.links import flat, get_link
from topics.labs.parallel.network.messages import Message

FAST, SLOW = Link("fast", 2e-6, 400e9), Link("slow", 7e-6, 50e9)
ELEMENT = 4


def pattern(algorithm: str, topology: Topology, n_elements: int) -> list[Message]:
    n = topology.n_ranks
    patterns: dict[str, Callable[[], list[Message]]] = {
        "ring": lambda: messages.ring_all_reduce(n, n_elements),
        "tree": lambda: messages.tree_all_reduce(n, n_elements),
        "recursive": lambda: messages.recursive_all_reduce(n, n_elements),
        "hierarchical": lambda: messages.hierarchical_all_reduce(topology, n_elements),
    }
    return patterns[algorithm]()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["ring", "tree", "recursive", "hierarchical"]),
    st.sampled_from([(1, 1), (2, 2), (3, 3), (4, 2), (8, 4), (8, 8), (12, 4), (16, 4), (9, 3)]),
    st.integers(1, 60),
)
def test_every_pattern_of_messages_adds_up_on_every_rank(
    algorithm: str, size: tuple[int, int], n_elements: int
) -> None:
    topology = Topology(size[0], size[1], FAST, SLOW)
    if algorithm == "recursive" and size[0] & (size[0] - 1):
        return
    vectors = np.random.default_rng(n_elements).standard_normal((size[0], n_elements))
    found = messages.run(pattern(algorithm, topology, n_elements), vectors)
    np.testing.assert_allclose(found, np.tile(vectors.sum(axis=0), (size[0], 1)), atol=1e-12)


@pytest.mark.parametrize("algorithm", ["ring", "tree", "recursive", "hierarchical"])
@pytest.mark.parametrize("size", [(2, 2), (4, 4), (8, 8), (8, 4), (16, 4), (16, 8), (32, 8)])
def test_the_closed_form_is_the_time_and_the_bytes_of_the_messages(
    algorithm: str, size: tuple[int, int]
) -> None:
    topology = Topology(*size, FAST, SLOW)
    n_elements = 1024 * size[0]
    traffic = messages.timed(pattern(algorithm, topology, n_elements), topology, ELEMENT)
    cost = collective_cost("all_reduce", n_elements * ELEMENT, topology, algorithm)
    assert cost.seconds == pytest.approx(traffic.seconds)
    assert cost.bytes_sent == pytest.approx(traffic.bytes_sent.max())


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 9), st.integers(0, 70))
def test_ranks_of_a_ring_send_between_the_two_roundings_of_the_ideal(n: int, size: int) -> None:
    sent = messages.timed(messages.ring_all_reduce(n, size), flat(n, FAST), 1).bytes_sent
    assert sent.sum() == 2 * (n - 1) * size
    assert sent.min() >= 2 * (n - 1) * (size // n)
    assert sent.max() <= 2 * (n - 1) * -(-size // n)


@pytest.mark.parametrize("n", [2, 3, 8, 64, 1000])
def test_ring_collectives_send_the_least_that_any_can(n: int) -> None:
    for op in ("all_reduce", "reduce_scatter", "all_gather"):
        cost = collective_cost(op, 1e9, flat(n, FAST), "ring")
        assert cost.bytes_sent == pytest.approx(bus_factor(op, n) * 1e9)
    assert bus_factor("all_reduce", n) == 2 * (n - 1) / n
    assert bus_factor("all_gather", n) == bus_factor("all_to_all", n) == (n - 1) / n
    assert bus_factor("broadcast", n) == 1


def test_an_all_reduce_is_a_reduce_scatter_and_an_all_gather() -> None:
    for algorithm in ("ring", "recursive", "hierarchical"):
        topology = Topology(16, 8, FAST, SLOW)
        both = [
            collective_cost(op, 2.0**20, topology, algorithm)
            for op in ("reduce_scatter", "all_gather")
        ]
        whole = collective_cost("all_reduce", 2.0**20, topology, algorithm)
        assert sum(cost.seconds for cost in both) == pytest.approx(whole.seconds)
        assert sum(cost.bytes_sent for cost in both) == pytest.approx(whole.bytes_sent)


def test_trees_win_for_small_messages_and_rings_for_large_ones() -> None:
    many = flat(63, FAST)  # not a power of two
    small = collective_cost("all_reduce", 1e3, many, "auto")
    assert small.algorithm in ("tree", "double-tree")
    ring, tree = (collective_cost("all_reduce", 1e9, many, a) for a in ("ring", "tree"))
    assert ring.seconds < tree.seconds / 3


def test_a_hierarchy_sends_an_eighth_between_nodes_of_eight() -> None:
    topology = Topology(64, 8, FAST, SLOW)
    ring = collective_cost("all_reduce", 1e9, topology, "ring")
    tiered = collective_cost("all_reduce", 1e9, topology, "hierarchical")
    assert tiered.inter_bytes == pytest.approx(2 * 7 / 8 * 1e9 / 8)
    assert tiered.intra_bytes == pytest.approx(2 * 7 / 8 * 1e9)
    assert tiered.seconds < ring.seconds / 3


def test_an_all_to_all_keeps_one_share_and_its_time_is_that_of_the_busier_link() -> None:
    topology = Topology(16, 8, FAST, SLOW)
    cost = collective_cost("all_to_all", 16e6, topology)
    assert cost.bytes_sent == 15e6
    assert (cost.intra_bytes, cost.inter_bytes) == (7e6, 8e6)
    assert cost.seconds == pytest.approx(8 * SLOW.seconds(1e6))


def test_bus_bandwidth_of_a_ring_nears_that_of_the_link() -> None:
    cost = collective_cost("all_reduce", 1e12, flat(8, FAST), "ring")
    assert cost.bus_bandwidth == pytest.approx(FAST.bandwidth, rel=1e-3)
    assert cost.algorithm_bandwidth == pytest.approx(FAST.bandwidth / 1.75, rel=1e-3)


def test_a_pipelined_broadcast_nears_the_bandwidth_and_beats_the_tree() -> None:
    cost = collective_cost("broadcast", 1e9, flat(16, FAST), "ring")
    assert cost.seconds == pytest.approx(1e9 / FAST.bandwidth, rel=0.25)
    assert cost.seconds < collective_cost("broadcast", 1e9, flat(16, FAST), "tree").seconds / 3


@pytest.mark.parametrize("op", OPS)
def test_one_rank_sends_nothing_and_every_algorithm_takes_time_on_several(op: str) -> None:
    assert collective_cost(op, 1e6, flat(1, FAST)).seconds == 0
    for topology in (flat(8, FAST), Topology(16, 4, FAST, SLOW), flat(6, FAST)):
        for algorithm in algorithms(op, topology):
            cost = collective_cost(op, 1e6, topology, algorithm)
            assert cost.seconds > 0 and cost.bytes_sent >= 0 and cost.steps > 0
            assert cost.formula


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: collective_cost("allreduce", 1.0, flat(2, FAST)), "There are: all_reduce"),
        (lambda: collective_cost("all_to_all", 1.0, flat(2, FAST), "ring"), "It has: direct, auto"),
        (lambda: collective_cost("all_reduce", 1.0, flat(6, FAST), "recursive"), "power of two"),
        (lambda: collective_cost("all_reduce", -1.0, flat(2, FAST)), "zero or more"),
        (lambda: Topology(12, 8, FAST, SLOW), "Use 8 or 16 ranks"),
        (lambda: Topology(0, 8, FAST, SLOW), "1 or more"),
        (lambda: Link("broken", 0.0, 0.0), "bandwidth more than zero"),
        (lambda: get_link("nvlink"), "There are: nvlink-v100"),
        (lambda: messages.recursive_all_reduce(6, 6), "power of two"),
        (lambda: bus_factor("gossip", 2), "No collective"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(
    call: Callable[[], object], complaint: str
) -> None:
    with pytest.raises(SettingError, match=complaint):
        call()


def test_vendor_figures_are_one_way() -> None:
    """NVLink: 600 GB/s (A100) and 900 GB/s (H100) are printed for both directions together."""
    assert LINKS["nvlink-a100"].bandwidth == 600e9 / 2
    assert LINKS["nvlink-h100"].bandwidth == 900e9 / 2
    assert LINKS["ib-ndr-400g"].bandwidth == 400e9 / 8
