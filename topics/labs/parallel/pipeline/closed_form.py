"""The bubble as the papers write it, for equal stages and free communication.

`bubble_time` gives idle time per rank; over the ideal m·(F + B + W) it is the first convention,
over that plus itself the second. The simulator is tested against these, and a learner can see
which part of a simulated bubble a formula on paper explains.
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.parallel.errors import SettingError


@dataclass(frozen=True)
class ClosedForm:
    """A formula for the idle time of a rank: its text, its value, where it stands in print."""

    formula: str
    bubble_time: float
    source: str


def bubble_time(
    schedule: str,
    n_stages: int,
    forward: float,
    backward_input: float,
    backward_weight: float,
    n_chunks: int = 1,
    n_micro_batches: int | None = None,
) -> ClosedForm | None:
    """Idle time per rank of a named schedule, or None where no formula is published.

    Nor is there one for too few micro-batches to fill the pipeline: ZB-V is free of bubbles from
    2p − 1 on, looped breadth-first needs p; the other schedules run with no fewer.

    Times are per micro-batch on a rank's whole share of the layers. The ZB formulas assume, as
    their paper does, W ≤ F and W ≤ B (ZB-H2: also 2·W ≤ F + B).
    """
    f, b, w = forward, backward_input, backward_weight
    whole, p = f + b + w, n_stages
    least = {"zb-v": 2 * p - 1, "looped-bfs": p if n_chunks > 1 else 1}.get(schedule, 1)
    if n_micro_batches is not None and n_micro_batches < least:
        return None
    if schedule in ("gpipe", "1f1b"):
        return ClosedForm("(p−1)·(F+B+W)", (p - 1) * whole, "arXiv 2104.04473, section 2.2")
    if schedule in ("interleaved", "looped-bfs"):
        value = (p - 1) * whole / n_chunks
        return ClosedForm("(p−1)·(F+B+W)/v", value, "arXiv 2104.04473, section 2.2")
    if w > min(f, b):
        return None
    if schedule == "zb-h1" and n_chunks == 1:
        return ClosedForm("(p−1)·(F+B−W)", (p - 1) * (f + b - w), "arXiv 2401.10241, table 2")
    if schedule == "zb-h2":
        value = (p - 1) * (f + b - 2 * w)
        return ClosedForm("(p−1)·(F+B−2W)", value, "arXiv 2401.10241, table 2")
    if schedule == "zb-v" and f == b == w:
        return ClosedForm("(F = B = W) 0·(p−1)", 0.0, "arXiv 2401.10241, section 6")
    return None


def bubble_over_ideal(n_stages: int, n_micro_batches: int, n_chunks: int = 1) -> float:
    """(p − 1)/(v·m): GPipe and 1F1B with v = 1, interleaved 1F1B with v chunks."""
    _positive(n_stages, n_micro_batches, n_chunks)
    return (n_stages - 1) / (n_chunks * n_micro_batches)


def bubble_over_wall(n_stages: int, n_micro_batches: int, n_chunks: int = 1) -> float:
    """(p − 1)/(v·m + p − 1): the same idle time as a share of the time on the clock."""
    _positive(n_stages, n_micro_batches, n_chunks)
    return (n_stages - 1) / (n_chunks * n_micro_batches + n_stages - 1)


def micro_batches_for_bubble(n_stages: int, over_wall: float, n_chunks: int = 1) -> int:
    """Fewest micro-batches that keep the bubble of 1F1B at or under `over_wall`."""
    _positive(n_stages, n_chunks)
    if not 0 < over_wall < 1:
        raise SettingError(f"The bubble is a share between 0 and 1, not {over_wall:g}.")
    exact = (n_stages - 1) * (1 - over_wall) / (over_wall * n_chunks)
    return max(1, -int(-(exact - 1e-9) // 1))


def _positive(*numbers: int) -> None:
    if min(numbers) < 1:
        raise SettingError("Stages, micro-batches and chunks are 1 or more.")
