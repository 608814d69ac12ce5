"""Pipeline keys from simulated timelines."""

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


@functools.cache
def _waiting(p, v):
    """Idle time of the interleaved schedule in micro-batches' worth, from a run of p of them."""
    schedule, chunks = ("1f1b", None) if v == 1 else ("interleaved", v)
    run = simulate_pipeline(PipelineSettings(schedule, p, p, n_chunks=chunks))
    return run.makespan_bubble_over_ideal * p


def micro_batches_for(p, v, f):
    """Bisect for the m at which the simulated wait is a share f of all time."""
    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        idle = _waiting(p, v) / (middle + _waiting(p, v))
        low, high = (middle, high) if idle > f else (low, middle)
    return low


def live_bytes(stages, stage, micro_batches, held):
    peak = _run("1f1b", stages, micro_batches).peak_live_micro_batches[stage]
    return float(peak) * held * 1024**3
