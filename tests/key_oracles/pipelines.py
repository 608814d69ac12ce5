"""Pipeline keys from a simulated timeline, and from a chart of slots filled cell by cell."""

import functools

from topics.labs.parallel.pipeline.settings import PipelineSettings
from topics.labs.parallel.pipeline.simulate import simulate_pipeline


@functools.cache
def _run(schedule, stages, micro_batches):
    settings = PipelineSettings(schedule, stages, micro_batches)
    return simulate_pipeline(settings)


def bubble_share(stages, replicas, sequences, global_batch):
    """Deal the batch out to pipelines and micro-batches, then run one pipeline."""
    mine = len(range(0, global_batch, replicas))
    return _run("1f1b", stages, len(range(0, mine, sequences))).makespan_bubble_over_wall


def micro_batches_for(p, v, f):
    """Bisect for m: work of m on each rank, idle while a chunk of 1/v crosses the other ranks."""

    def idle(m):
        crossing = sum(1 / v for _ in range(p - 1))
        return crossing / (m + crossing)

    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if idle(middle) > f else (low, middle)
    return low


def live_bytes(stages, stage, micro_batches, held):
    peak = _run("1f1b", stages, micro_batches).peak_live_micro_batches[stage]
    return float(peak) * held * 1024**3
