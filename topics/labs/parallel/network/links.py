"""Links between GPUs and how ranks are laid out on them: the alpha and beta of the cost model.

Sending b bytes over a link takes latency + b / bandwidth seconds. Bandwidths are one direction,
per GPU, in bytes per second (1 GB = 10**9 bytes). Vendors often print the sum of both directions:
NVLink of an H100 is sold as 900 GB/s and moves 450 GB/s one way.
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.parallel.errors import SettingError
from topics.phrases import say

GB = 1e9


@dataclass(frozen=True)
class Link:
    """Latency in seconds per message (alpha), bandwidth in bytes per second (one over beta)."""

    name: str
    latency: float
    bandwidth: float

    def __post_init__(self) -> None:
        if self.latency < 0 or self.bandwidth <= 0:
            raise SettingError(
                f"Link {self.name}: latency is zero or more seconds and bandwidth more than zero "
                f"bytes per second; got {self.latency:g} and {self.bandwidth:g}."
            )

    def seconds(self, n_bytes: float) -> float:
        return self.latency + n_bytes / self.bandwidth


# Bandwidths are the vendors' one-way figures; the latencies are round numbers for a message
# between two kernels and belong to nobody: change them to what you measure.
LINKS = {
    link.name: link
    for link in (
        Link("nvlink-v100", 3e-6, 150 * GB),
        Link("nvlink-a100", 3e-6, 300 * GB),
        Link("nvlink-h100", 3e-6, 450 * GB),
        Link("nvlink-h200", 3e-6, 450 * GB),
        Link("nvlink-b200", 3e-6, 900 * GB),
        Link("pcie-4", 5e-6, 32 * GB),
        Link("pcie-5", 5e-6, 64 * GB),
        Link("ib-hdr-200g", 5e-6, 25 * GB),
        Link("ib-ndr-400g", 5e-6, 50 * GB),
        Link("ib-xdr-800g", 5e-6, 100 * GB),
        Link("ethernet-100g", 15e-6, 12.5 * GB),
        Link("ethernet-25g", 20e-6, 3.125 * GB),
    )
}


def get_link(name: str) -> Link:
    """The link called `name`. Raises SettingError with the names there are."""
    key = name.strip().lower()
    if key not in LINKS:
        raise SettingError(f"No link is called {name!r}. There are: {', '.join(LINKS)}.")
    return LINKS[key]


@dataclass(frozen=True)
class Topology:
    """`n_ranks` GPUs in nodes of `ranks_per_node`; `intra` inside a node, `inter` between nodes.

    Every rank has a network port of its own, and links carry both directions at once.
    """

    n_ranks: int
    ranks_per_node: int
    intra: Link
    inter: Link

    def __post_init__(self) -> None:
        if self.n_ranks < 1 or self.ranks_per_node < 1:
            raise SettingError(
                f"{self.n_ranks} ranks in nodes of {self.ranks_per_node}: give 1 or more of both."
            )
        if self.n_ranks > self.ranks_per_node and self.n_ranks % self.ranks_per_node:
            whole = self.n_ranks // self.ranks_per_node * self.ranks_per_node
            raise SettingError(
                say(
                    "{n} ranks do not fill nodes of {size}. Use {below} or {above} ranks, or nodes "
                    "of another size.",
                    n=self.n_ranks,
                    size=self.ranks_per_node,
                    below=whole,
                    above=whole + self.ranks_per_node,
                )
            )

    @property
    def per_node(self) -> int:
        return min(self.n_ranks, self.ranks_per_node)

    @property
    def n_nodes(self) -> int:
        return self.n_ranks // self.per_node

    @property
    def slowest(self) -> Link:
        """The link that a step over all ranks waits for (for messages that are not tiny)."""
        if self.n_nodes == 1:
            return self.intra
        if self.per_node == 1:
            return self.inter
        return min(self.intra, self.inter, key=lambda link: link.bandwidth)

    @property
    def ring_links(self) -> list[Link]:
        """The kinds of link that a ring through all ranks, node by node, runs over."""
        links = [self.intra] if self.per_node > 1 else []
        return links + ([self.inter] if self.n_nodes > 1 else [])

    def link(self, source: int, target: int) -> Link:
        """The link between two ranks, numbered node by node."""
        same = source // self.ranks_per_node == target // self.ranks_per_node
        return self.intra if same else self.inter


def flat(n_ranks: int, link: Link) -> Topology:
    """All ranks in one node, joined by `link`."""
    return Topology(n_ranks, n_ranks, link, link)


EIGHT_H100 = flat(8, LINKS["nvlink-h100"])
