"""Explain this number: each figure of a result with its formula and the numbers put in.

Sentences go through `say`, so that a page can show them in the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.parallel.pipeline.closed_form import bubble_time
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.pipeline.schedules import get_schedule
from topics.labs.parallel.pipeline.settings import HELD_FRACTION, PipelineSettings
from topics.labs.parallel.units import number, size
from topics.phrases import say

NARAYANAN = "Narayanan et al. 2021, arXiv 2104.04473, section 2.2"
ZERO_BUBBLE = "Qi et al. 2023, arXiv 2401.10241"


@dataclass(frozen=True)
class Explanation:
    """A figure, what it is, how it comes about with its numbers, and where the rule is printed."""

    key: str
    title: str
    value: str
    working: str
    source: str = ""


def explain_pipeline(result: PipelineResult) -> list[Explanation]:
    """Every headline figure of a simulated pipeline."""
    return [
        _makespan(result),
        _step_time(result),
        _ideal(result),
        _over_ideal(result),
        _over_wall(result),
        *_on_paper(result),
        _peak_live(result),
        _peak_memory(result),
        _messages(result),
    ]


def _makespan(result: PipelineResult) -> Explanation:
    working = say("From the start of the first operation of any rank to the end of the last one.")
    return Explanation("makespan", say("Makespan"), number(result.makespan), working)


def _step_time(result: PipelineResult) -> Explanation:
    working = say(
        "Rank {rank} takes longest from the start of its first operation to the end of its last: "
        "{time}.",
        rank=int(result.spans.argmax()),
        time=number(result.step_time),
    )
    if result.step_time < result.makespan * (1 - 1e-9):
        working += say(" The ranks run shifted, and the next step can start shifted the same way.")
    return Explanation(
        "step_time", say("Step time"), number(result.step_time), working, ZERO_BUBBLE
    )


def _ideal(result: PipelineResult) -> Explanation:
    working = say(
        "The busiest rank ({rank}) computes {m} micro-batches × (F + B + W = {each}).",
        rank=int(result.busy.argmax()),
        m=result.shape.n_micro_batches,
        each=number(result.ideal / result.shape.n_micro_batches),
    )
    return Explanation(
        "ideal", say("Time without a bubble"), number(result.ideal), working, NARAYANAN
    )


def _over_ideal(result: PipelineResult) -> Explanation:
    working = say(
        "(step time − ideal) / ideal = ({step} − {ideal}) / {ideal}. GPipe and 1F1B on paper: "
        "(p−1)/m.",
        step=number(result.step_time),
        ideal=number(result.ideal),
    )
    value = f"{result.bubble_over_ideal:.2%}"
    return Explanation(
        "bubble_over_ideal", say("Bubble over ideal time"), value, working, NARAYANAN
    )


def _over_wall(result: PipelineResult) -> Explanation:
    working = say(
        "(step time − ideal) / step time = ({step} − {ideal}) / {step}. GPipe and 1F1B on paper: "
        "(p−1)/(m+p−1).",
        step=number(result.step_time),
        ideal=number(result.ideal),
    )
    value = f"{result.bubble_over_wall:.2%}"
    source = "Huang et al. 2019, arXiv 1811.06965, section 2.3"
    return Explanation("bubble_over_wall", say("Bubble over wall clock"), value, working, source)


def _on_paper(result: PipelineResult) -> list[Explanation]:
    """The closed form next to what was simulated, where the stages are equal."""
    times, schedule = _equal_times(result.settings), get_schedule(result.settings.schedule)
    shape = result.shape
    form = times and bubble_time(
        schedule.name, shape.n_ranks, *times, shape.n_chunks, shape.n_micro_batches
    )
    if not form:
        return []
    idle, paper = result.step_time - result.ideal, number(form.bubble_time)
    working = say(
        "{formula} = {paper}; simulated {idle}.",
        formula=form.formula,
        paper=paper,
        idle=number(idle),
    )
    if idle > form.bubble_time * (1 + 1e-9) + 1e-12:
        working += say(" The difference is communication, which the formula leaves out.")
    return [Explanation("on_paper", say("Bubble on paper"), paper, working, form.source)]


def _peak_live(result: PipelineResult) -> Explanation:
    values = result.peak_live_micro_batches
    rank, v = int(values.argmax()), result.shape.n_chunks
    working = say(
        "Rank {rank} holds most: {count} forwards whose backward has not ended.",
        rank=rank,
        count=int(result.peak_live_chunks[rank]),
    )
    if v > 1:
        working += say(" Each is of one of {v} chunks and counts 1/{v}.", v=v)
    return Explanation(
        "peak_live_micro_batches",
        say("Peak live micro-batches"),
        number(float(values.max())),
        working,
    )


def _peak_memory(result: PipelineResult) -> Explanation:
    rank = int(result.peak_memory.argmax())
    held = result.settings.held_fraction
    working = say(
        "On rank {rank}: {static} all the time, and the activations kept at the worst moment.",
        rank=rank,
        static=size(float(result.static[rank])),
    )
    split = get_schedule(result.settings.schedule).split_backward
    if split:
        working += say(
            " Between input and weight gradient {held} of an activation stays.", held=f"{held:.0%}"
        )
    source = f"{ZERO_BUBBLE}, table 1" if split and held == HELD_FRACTION else ""
    value = size(float(result.peak_memory.max()))
    return Explanation("peak_memory", say("Peak memory"), value, working, source)


def _messages(result: PipelineResult) -> Explanation:
    rank = int(result.messages_sent.argmax())
    working = say(
        "Rank {rank} sends {count} messages of {size}: an activation up and a gradient down each "
        "hop, for every micro-batch.",
        rank=rank,
        count=int(result.messages_sent[rank]),
        size=size(result.message_bytes),
    )
    value = size(float(result.bytes_sent.max()))
    return Explanation("bytes_sent", say("Bytes sent"), value, working, NARAYANAN)


def _equal_times(settings: PipelineSettings) -> tuple[float, float, float] | None:
    times = (settings.forward, settings.backward_input, settings.backward_weight)
    numbers = [float(time) for time in times if not isinstance(time, tuple)]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == len(times) else None
