"""What a simulated pipeline tells: times, bubbles, memory, messages, and every operation.

Two conventions for the bubble, both given. Over ideal: idle time over the time a rank would need
without a bubble, (p − 1)/m for GPipe and 1F1B. Over wall clock: idle time over the time it did
need, (p − 1)/(m + p − 1). The time it did need is the longest that any rank takes from the start
of its first operation to the end of its last (Qi et al. 2023, section 5.3). Where rank 0 starts
first and ends last, as in GPipe and 1F1B, that is the makespan; in ZB-H2 and ZB-V, where the ranks
run shifted and so start the next step shifted, it is less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from topics.labs.parallel.pipeline.engine import FloatArray, Timeline
from topics.labs.parallel.pipeline.memory import MemorySteps, memory_steps
from topics.labs.parallel.pipeline.ops import IntArray, Kind, Shape
from topics.labs.parallel.pipeline.settings import PipelineSettings


@dataclass(frozen=True)
class Event:
    """One operation of the timeline; `chunk` is the rank's own numbering, from 0."""

    rank: int
    stage: int
    chunk: int
    kind: Kind
    micro_batch: int
    start: float
    end: float


@dataclass(frozen=True)
class PipelineResult:
    """A simulated pipeline. Arrays are (n_ranks,); times and bytes in the units of the settings."""

    settings: PipelineSettings
    shape: Shape
    timeline: Timeline
    peak_live_chunks: IntArray
    activation: FloatArray
    static: FloatArray
    peak_memory: FloatArray
    messages_sent: IntArray
    message_bytes: float

    @cached_property
    def makespan(self) -> float:
        """From the first operation of any rank to the end of the last."""
        return float(np.nanmax(self.timeline.end))

    @cached_property
    def spans(self) -> FloatArray:
        """Of each rank, from the start of its first operation to the end of its last."""
        last = np.nanmax(self.timeline.end, axis=1)
        return np.asarray(last - self.timeline.start[:, 0], dtype=np.float64)

    @cached_property
    def busy(self) -> FloatArray:
        """Time each rank computes."""
        lengths = np.nan_to_num(self.timeline.end - self.timeline.start)  # padding is NaN
        return np.asarray(lengths.sum(axis=1), dtype=np.float64)

    @property
    def ideal(self) -> float:
        """Time of a step without any bubble: the busiest rank's computing."""
        return float(self.busy.max())

    @property
    def step_time(self) -> float:
        """The longest span of a rank; see the top of this file."""
        return float(self.spans.max())

    @property
    def bubble_over_ideal(self) -> float:
        return self.step_time / self.ideal - 1

    @property
    def bubble_over_wall(self) -> float:
        return max(0.0, 1 - self.ideal / self.step_time)

    @property
    def makespan_bubble_over_ideal(self) -> float:
        return self.makespan / self.ideal - 1

    @property
    def makespan_bubble_over_wall(self) -> float:
        return max(0.0, 1 - self.ideal / self.makespan)

    @property
    def idle_share(self) -> FloatArray:
        """Of the makespan, the share each rank does not compute."""
        return 1 - self.busy / self.makespan

    @property
    def peak_live_micro_batches(self) -> FloatArray:
        """Most micro-batches' worth of activations on each rank; a chunk of v counts 1/v."""
        return self.peak_live_chunks / self.shape.n_chunks

    @property
    def bytes_sent(self) -> FloatArray:
        """Bytes each rank sends to its neighbours, activations and gradients together."""
        return self.messages_sent.astype(np.float64) * self.message_bytes

    @property
    def n_events(self) -> int:
        return int((self.timeline.codes >= 0).sum())

    def events(self) -> Iterator[Event]:
        """Every operation, rank by rank, in the order it runs."""
        timeline = self.timeline
        kinds, stages, micro_batches = self.shape.decode(timeline.codes)
        p = self.shape.n_ranks
        for rank in range(p):
            n = int((timeline.codes[rank] >= 0).sum())
            rows = (kinds, stages, micro_batches, timeline.start, timeline.end)
            for kind, stage, micro_batch, start, end in zip(
                *(row[rank, :n].tolist() for row in rows), strict=True
            ):
                yield Event(rank, stage, stage // p, Kind(kind), micro_batch, start, end)

    def memory_over_time(self, rank: int) -> MemorySteps:
        """Activations and `static_bytes` of one rank over time."""
        n = int((self.timeline.codes[rank] >= 0).sum())
        return memory_steps(
            self.shape,
            self.timeline.codes[rank, :n],
            self.timeline.start[rank, :n],
            self.timeline.end[rank, :n],
            self.activation,
            self.settings.held_fraction,
            float(self.static[rank]),
        )
