"""Expert parallelism: tokens travel to the experts that the router chose, and back.

Each rank routes its tokens to `top_k` experts. An all-to-all carries them there, the experts
compute, a second one brings the results home; the backward does both again. Routers are not fair:
the step waits for the rank whose experts got the most tokens, in the wire and in the computing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.network.links import EIGHT_H100, Topology
from topics.labs.parallel.streams import (
    StepResult,
    Work,
    must_be_positive,
    must_divide,
    must_fit,
    must_not_be_negative,
)
from topics.phrases import say

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ExpertParallelSettings:
    """`n_tokens` per rank, `n_layers` layers of experts of width `ffn_hidden`.

    `imbalance` is the hottest rank's load over the average, 1 for a fair router: rank 0 gets so
    much and the others share the rest. `capacity_factor` caps what an expert's rank takes at so
    many times the average and drops the rest; None drops nothing. `flops` is what a GPU achieves.
    """

    topology: Topology = EIGHT_H100
    n_experts: int = 64
    top_k: int = 2
    n_tokens: int = 4096
    hidden: int = 4096
    ffn_hidden: int = 1536
    gated: bool = True
    n_layers: int = 1
    dtype_bytes: float = 2.0
    flops: float = 400e12
    imbalance: float = 1.0
    capacity_factor: float | None = None


@dataclass(frozen=True)
class Routing:
    """Token copies from each rank (row) to each rank's experts (column); the share dropped."""

    copies: FloatArray
    dropped: float


def routing(settings: ExpertParallelSettings) -> Routing:
    """Who sends how many token copies to whom. Raises SettingError for an impossible imbalance."""
    _check(settings)
    n = settings.topology.n_ranks
    rest = (n - settings.imbalance) / (n - 1) if n > 1 else 1.0
    loads = np.full(n, rest)
    loads[0] = settings.imbalance
    most = np.inf if settings.capacity_factor is None else settings.capacity_factor
    kept = np.minimum(loads, most)
    per_pair = settings.n_tokens * settings.top_k / n
    return Routing(np.tile(kept * per_pair, (n, 1)), float(1 - kept.sum() / n))


def simulate_expert_parallel(settings: ExpertParallelSettings) -> StepResult:
    """Forward and backward of the expert layers; the timeline has every rank.

    All ranks leave each all-to-all together: nobody can go on before its tokens are home.
    """
    routes = routing(settings)
    exchange, sent = _all_to_all(settings, routes.copies)
    returning, returned = _all_to_all(settings, routes.copies.T)
    computing = _expert_seconds(settings, routes.copies.sum(axis=0))
    n, timeline, now = settings.topology.n_ranks, list[Work](), 0.0
    for backward in (False, True):
        name, times = ("backward", 2.0) if backward else ("forward", 1.0)
        for layer in range(settings.n_layers):
            slowest = float(computing.max()) * times
            for rank in range(n):
                begin = now + exchange
                end = begin + float(computing[rank]) * times
                back = now + exchange + slowest
                timeline += [
                    Work(rank, "communication", f"dispatch {name} {layer}", now, begin),
                    Work(rank, "compute", f"experts {name} {layer}", begin, end),
                    Work(rank, "communication", f"combine {name} {layer}", back, back + returning),
                ]
            now += exchange + slowest + returning
    times_run = 2 * settings.n_layers
    by_rank = times_run * (sent + returned)
    return StepResult(
        step_time=now,
        compute_time=3 * settings.n_layers * float(computing.mean()),
        communication_time=times_run * (exchange + returning),
        bytes_sent={"all_to_all": float(by_rank.max())},
        memory=_memory(settings, routes),
        timeline=tuple(timeline),
        notes=_notes(settings, routes, computing),
        bytes_by_rank=tuple(by_rank.tolist()),
    )


def balanced_bytes_per_rank(settings: ExpertParallelSettings) -> float:
    """Bytes a rank sends per layer with a fair router: 4·(n−1)/n · tokens · k · h · bytes.

    Dispatch and combine, forward and backward; what stays on the rank is not sent.
    """
    n = settings.topology.n_ranks
    copies = settings.n_tokens * settings.top_k
    return 4 * (n - 1) / n * copies * settings.hidden * settings.dtype_bytes


def _all_to_all(settings: ExpertParallelSettings, copies: FloatArray) -> tuple[float, FloatArray]:
    """Seconds until the last rank is done, and the bytes each rank sends, shape (n_ranks,).

    A rank is done when it has sent and received everything, inside the node and between nodes.
    """
    n, topology = settings.topology.n_ranks, settings.topology
    node = np.arange(n) // topology.ranks_per_node
    size = copies * (1 - np.eye(n)) * settings.hidden * settings.dtype_bytes
    inside = node[:, None] == node[None, :]
    seconds = 0.0
    for link, pairs in ((topology.intra, inside), (topology.inter, ~inside)):
        here = np.where(pairs, size, 0.0)
        partners = pairs.sum(axis=1) - pairs.diagonal()
        traffic = np.maximum(here.sum(axis=0), here.sum(axis=1)) / link.bandwidth
        seconds = max(seconds, float((traffic + link.latency * partners).max()))
    return seconds, size.sum(axis=1)


def _expert_seconds(settings: ExpertParallelSettings, copies: FloatArray) -> FloatArray:
    """Forward time of each rank's experts for the copies it received."""
    width = (3 if settings.gated else 2) * settings.hidden * settings.ffn_hidden
    return copies * 2.0 * width / settings.flops


def _memory(settings: ExpertParallelSettings, routes: Routing) -> dict[str, float]:
    """On the hottest rank: weights of its experts, and the tokens it was sent."""
    width = (3 if settings.gated else 2) * settings.hidden * settings.ffn_hidden
    local = settings.n_experts / settings.topology.n_ranks
    received = float(routes.copies.sum(axis=0).max())
    return {
        "expert weights": settings.n_layers * local * width * settings.dtype_bytes,
        "received tokens": settings.n_layers * received * settings.hidden * settings.dtype_bytes,
    }


def _notes(
    settings: ExpertParallelSettings, routes: Routing, computing: FloatArray
) -> tuple[str, ...]:
    hottest = float(computing.max() / computing.mean())
    notes = []
    if hottest > 1 + 1e-9:
        notes.append(
            say(
                "The hottest rank computes {times:.2f} times the average; the others wait for it.",
                times=hottest,
            )
        )
    if routes.dropped > 0:
        notes.append(
            say(
                "{share:.1%} of the token copies exceed the capacity factor {factor:g} and are "
                "dropped.",
                share=routes.dropped,
                factor=settings.capacity_factor,
            )
        )
    return tuple(notes)


def _check(settings: ExpertParallelSettings) -> None:
    n = settings.topology.n_ranks
    must_be_positive(
        n_tokens=settings.n_tokens,
        hidden=settings.hidden,
        ffn_hidden=settings.ffn_hidden,
        n_layers=settings.n_layers,
        flops=settings.flops,
        dtype_bytes=settings.dtype_bytes,
    )
    must_fit("ranks", n, 2048)
    must_fit("layers × ranks", n * settings.n_layers, 50_000)
    must_not_be_negative(imbalance=settings.imbalance)
    must_divide("experts", settings.n_experts, "expert-parallel size", n)
    if not 1 <= settings.top_k <= settings.n_experts:
        raise SettingError(
            say(
                "The router picks {k} of {experts} experts; top_k is 1 to {experts}.",
                k=settings.top_k,
                experts=settings.n_experts,
            )
        )
    if not 1 <= settings.imbalance <= n:
        raise SettingError(
            say(
                "imbalance is {given:g}: the hottest rank's load over the average is between 1 (a "
                "fair router) and {n} (everything on one of the {n} ranks).",
                given=settings.imbalance,
                n=n,
            )
        )
    if settings.capacity_factor is not None and settings.capacity_factor <= 0:
        raise SettingError("capacity_factor is above zero, or left out to drop nothing.")
