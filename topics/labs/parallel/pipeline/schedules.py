"""The schedules by name: how each is ordered, what it needs, and what it promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.pipeline import flushes, one_f_one_b, v_shaped
from topics.labs.parallel.pipeline.ops import IntArray, Shape
from topics.labs.parallel.spellings import spelled
from topics.phrases import say


@dataclass(frozen=True)
class Schedule:
    """A named schedule. `needs` says which pipelines it can run, in words for the learner."""

    name: str
    title: str
    source: str
    orders: Callable[[Shape], list[IntArray]]
    split_backward: bool = False
    v_shaped: bool = False
    default_chunks: int = 1
    min_chunks: int = 1
    max_chunks: int | None = 1
    min_micro_batches: Callable[[int], int] = lambda n_stages: 1
    whole_rounds: bool = False  # with several chunks, micro-batches come in groups of n_stages


SCHEDULES = {
    schedule.name: schedule
    for schedule in (
        Schedule("gpipe", "GPipe", "Huang et al. 2019, arXiv 1811.06965", flushes.gpipe),
        Schedule(
            "1f1b",
            "1F1B",
            "Narayanan et al. 2021, arXiv 2104.04473, section 2.2",
            one_f_one_b.one_f_one_b,
            min_micro_batches=lambda p: p,
        ),
        Schedule(
            "interleaved",
            "Interleaved 1F1B",
            "Narayanan et al. 2021, arXiv 2104.04473, section 2.2",
            one_f_one_b.interleaved,
            default_chunks=2,
            min_chunks=2,
            max_chunks=None,
            min_micro_batches=lambda p: p,
            whole_rounds=True,
        ),
        Schedule(
            "zb-h1",
            "ZB-H1",
            "Qi et al. 2023, arXiv 2401.10241, section 2.1",
            one_f_one_b.zb_h1,
            split_backward=True,
            max_chunks=None,
            min_micro_batches=lambda p: p,
            whole_rounds=True,
        ),
        Schedule(
            "zb-h2",
            "ZB-H2",
            "Qi et al. 2023, arXiv 2401.10241, section 2.2",
            one_f_one_b.zb_h2,
            split_backward=True,
            min_micro_batches=lambda p: 2 * p - 1,
        ),
        Schedule(
            "zb-v",
            "ZB-V",
            "Qi et al. 2023, arXiv 2401.10241, section 6",
            v_shaped.zb_v,
            split_backward=True,
            v_shaped=True,
            default_chunks=2,
            min_chunks=2,
            max_chunks=2,
        ),
        Schedule(
            "looped-bfs",
            "Looped breadth-first",
            "Lamy-Poirier 2023, arXiv 2211.05953",
            flushes.looped_bfs,
            default_chunks=2,
            max_chunks=None,
        ),
        Schedule(
            "dualpipe-v",
            "DualPipeV",
            "DeepSeek-AI 2025, DualPipe repository",
            v_shaped.dualpipe_v,
            split_backward=True,
            v_shaped=True,
            default_chunks=2,
            min_chunks=2,
            max_chunks=2,
            min_micro_batches=lambda p: 2 * p,
        ),
    )
}

MAX_OPERATIONS = 15_000_000  # about 2 GB of tables: more would not fit an ordinary machine


# What papers and torch.distributed.pipelining call the same schedules.
_ALIASES = {
    "pipedream-flush": "1f1b",
    "1f1b-i": "interleaved",
    "1f1b-interleaved": "interleaved",
    "interleaved-1f1b": "interleaved",
    "interleaved-zero-bubble": "zb-h1",
    "zb-1p": "zb-h1",
    "zbv-zero-bubble": "zb-v",
    "breadth-first": "looped-bfs",
    "bfs": "looped-bfs",
}


def get_schedule(name: str) -> Schedule:
    """The schedule called `name`, however spelled. Raises SettingError with the names there are."""
    key = spelled(name, list(SCHEDULES), _ALIASES)
    if key not in SCHEDULES:
        raise SettingError(f"No schedule is called {name!r}. There are: {', '.join(SCHEDULES)}.")
    return SCHEDULES[key]


def pipeline_shape(
    schedule: Schedule, n_stages: int, n_micro_batches: int, n_chunks: int | None = None
) -> Shape:
    """The pipeline's shape, or SettingError that says which numbers this schedule can run."""
    for name, value in (("stages", n_stages), ("micro-batches", n_micro_batches)):
        if value < 1:
            raise SettingError(f"{name} is {value}: give 1 or more.")
    chunks = schedule.default_chunks if n_chunks is None else n_chunks
    _check_chunks(schedule, chunks)
    _check_micro_batches(schedule, n_stages, n_micro_batches, chunks)
    n_operations = n_stages * n_micro_batches * chunks * (3 if schedule.split_backward else 2)
    if n_operations > MAX_OPERATIONS:
        raise SettingError(
            say(
                "{p} stages × {m} micro-batches × {v} chunks makes {count:,} operations; at most "
                "{most:,} are simulated. Use fewer micro-batches: the bubble shrinks in proportion "
                "to their number.",
                p=n_stages,
                m=n_micro_batches,
                v=chunks,
                count=n_operations,
                most=MAX_OPERATIONS,
            )
        )
    return Shape(n_stages, n_micro_batches, chunks, schedule.v_shaped)


def _check_chunks(schedule: Schedule, chunks: int) -> None:
    low, high = schedule.min_chunks, schedule.max_chunks
    if chunks >= low and (high is None or chunks <= high):
        return
    wanted = say("exactly {n}", n=low) if low == high else say("{n} or more", n=low)
    message = say(
        "{schedule} takes {wanted} chunks per rank, not {chunks}.",
        schedule=schedule.title,
        wanted=wanted,
        chunks=chunks,
    )
    if schedule.name == "interleaved":
        message += say(" With one chunk it is 1f1b.")
    elif high == 1:
        message += say(" For several chunks per rank use interleaved, looped-bfs or zb-h1.")
    raise SettingError(message)


def _check_micro_batches(schedule: Schedule, p: int, m: int, chunks: int) -> None:
    least = schedule.min_micro_batches(p)
    if m < least:
        raise SettingError(
            say(
                "{schedule} on {p} stages needs at least {least} micro-batches to fill the "
                "pipeline, and there are {m}. Use {least} or more micro-batches, at most {most} "
                "stages, or gpipe, which runs any number.",
                schedule=schedule.title,
                p=p,
                m=m,
                least=least,
                most=_most_stages(schedule, m),
            )
        )
    if schedule.whole_rounds and chunks > 1 and m % p:
        raise SettingError(
            say(
                "{schedule} hands out micro-batches in groups of {p}, one per stage, and {m} is "
                "not a multiple of {p}. Use {below} or {above} micro-batches, or a number of "
                "stages that divides {m}: {divisors}.",
                schedule=schedule.title,
                p=p,
                m=m,
                below=m // p * p,
                above=(m // p + 1) * p,
                divisors=", ".join(str(d) for d in range(2, m + 1) if m % d == 0),
            )
        )


def _most_stages(schedule: Schedule, m: int) -> int:
    stages = 1
    while schedule.min_micro_batches(stages + 1) <= m:
        stages += 1
    return stages
