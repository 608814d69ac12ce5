"""Keys on pipelines: the bubble of a configuration, micro-batches for a target, what is held."""

from __future__ import annotations

import random
from typing import Any

from question_bank.keys import Key


def draw_run(rng: random.Random) -> dict[str, Any]:
    """Stages, replicas, a global batch and the sequences of one micro-batch."""
    return {
        "stages": rng.choice([4, 8, 12, 16]),
        "replicas": rng.choice([2, 4, 8, 16]),
        "sequences": rng.choice([1, 2, 4]),
        "global_batch": rng.choice([128, 256, 512, 1024]),
    }


def bubble_share(stages: int, replicas: int, sequences: int, global_batch: int) -> Key:
    """Idle share of the wall clock, GPipe or 1F1B: (p − 1)/(m + p − 1).

    Narayanan et al. 2021, arXiv 2104.04473, section 2.2, gives the share of the ideal time,
    (p − 1)/m. Raises ValueError where a pipeline would get too few or very many micro-batches.
    """
    micro_batches, rest = divmod(global_batch, replicas * sequences)
    if rest or not stages <= micro_batches <= 64:
        raise ValueError(
            "draw again: the batch should divide into micro-batches, from p of them to 64"
        )
    share = (stages - 1) / (micro_batches + stages - 1)
    shown = {
        "micro_batches": micro_batches,
        "waiting": stages - 1,
        "slots": micro_batches + stages - 1,
        "over_ideal": f"{(stages - 1) / micro_batches:.1%}",
    }
    return Key(share, shown)


def bubble_over_ideal(stages: int, replicas: int, sequences: int, global_batch: int) -> float:
    """The mistake of the other convention: idle time over useful time."""
    return (stages - 1) * replicas * sequences / global_batch


def bubble_no_replicas(stages: int, sequences: int, global_batch: int) -> float:
    """The mistake of sending the whole global batch through each pipeline."""
    return (stages - 1) / (global_batch / sequences + stages - 1)


def bubble_by_sequences(stages: int, replicas: int, global_batch: int) -> float:
    """The mistake of taking each sequence for a micro-batch."""
    return (stages - 1) / (global_batch / replicas + stages - 1)


def micro_batches_for(p: int, v: int, f: float) -> float:
    """Micro-batches at which an interleaved pipeline idles for a share f of the wall clock.

    Bubble over ideal time is (p − 1)/(v m): Narayanan et al. 2021, arXiv 2104.04473, section 2.2.
    """
    return (p - 1) * (1 - f) / (v * f)


def draw_stage(rng: random.Random) -> dict[str, Any]:
    """A pipeline, one of its stages (from 0), and bytes held for one micro-batch, in GiB."""
    stages = rng.choice([4, 6, 8, 12, 16])
    return {
        "stages": stages,
        "stage": rng.randint(1, stages - 2),
        "micro_batches": rng.choice([16, 20, 24, 32, 48, 64]),
        "held": rng.choice([0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5]),
    }


def live_bytes(stages: int, stage: int, micro_batches: int, held: float) -> Key:
    """Activations that a stage of 1F1B holds at most: min(p − i, m) micro-batches' worth.

    Narayanan et al. 2021, arXiv 2104.04473, section 2.2.1.
    """
    live = min(stages - stage, micro_batches)
    one = held * 2**30
    return Key(live * one, {"live": live, "first": stages * one, "gpipe": micro_batches * one})


def live_bytes_gpipe(micro_batches: int, held: float) -> float:
    """The mistake of GPipe's count, all micro-batches."""
    return micro_batches * held * 2**30


def live_bytes_first(stages: int, held: float) -> float:
    """The mistake of giving every stage what the first one holds."""
    return stages * held * 2**30


def live_bytes_mirrored(stage: int, held: float) -> float:
    """The mistake of letting the number grow towards the last stage."""
    return (stage + 1) * held * 2**30
