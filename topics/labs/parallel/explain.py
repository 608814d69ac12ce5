"""Explain this number: each figure of a result with its formula and the numbers put in."""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.parallel.pipeline.closed_form import bubble_time
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.pipeline.schedules import get_schedule
from topics.labs.parallel.pipeline.settings import HELD_FRACTION, PipelineSettings

NARAYANAN = "Narayanan et al. 2021, arXiv 2104.04473, section 2.2"
ZERO_BUBBLE = "Qi et al. 2023, arXiv 2401.10241, section 5.3"


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
        _bytes(result),
    ]


def number(value: float) -> str:
    """Six significant digits, no trailing zeros."""
    return f"{value:.6g}"


def _makespan(result: PipelineResult) -> Explanation:
    return Explanation(
        "makespan",
        "Makespan",
        number(result.makespan),
        "From the start of the first operation of any rank to the end of the last one.",
    )


def _step_time(result: PipelineResult) -> Explanation:
    slowest = int(result.spans.argmax())
    working = (
        f"Rank {slowest} takes longest from the start of its first operation to the end of its "
        f"last: {number(result.step_time)}."
    )
    if result.step_time < result.makespan * (1 - 1e-9):
        working += " The ranks run shifted, and the next step can start shifted the same way."
    return Explanation("step_time", "Step time", number(result.step_time), working, ZERO_BUBBLE)


def _ideal(result: PipelineResult) -> Explanation:
    busiest, m = int(result.busy.argmax()), result.shape.n_micro_batches
    each = number(result.ideal / m)
    return Explanation(
        "ideal",
        "Time without a bubble",
        number(result.ideal),
        f"The busiest rank ({busiest}) computes {m} micro-batches × (F + B + W = {each}).",
        NARAYANAN,
    )


def _over_ideal(result: PipelineResult) -> Explanation:
    return Explanation(
        "bubble_over_ideal",
        "Bubble over ideal time",
        f"{result.bubble_over_ideal:.2%}",
        f"(step time − ideal) / ideal = ({number(result.step_time)} − {number(result.ideal)}) / "
        f"{number(result.ideal)}. GPipe and 1F1B on paper: (p−1)/m.",
        NARAYANAN,
    )


def _over_wall(result: PipelineResult) -> Explanation:
    return Explanation(
        "bubble_over_wall",
        "Bubble over wall clock",
        f"{result.bubble_over_wall:.2%}",
        f"(step time − ideal) / step time = ({number(result.step_time)} − {number(result.ideal)})"
        f" / {number(result.step_time)}. GPipe and 1F1B on paper: (p−1)/(m+p−1).",
        "Huang et al. 2019, arXiv 1811.06965, section 2.3",
    )


def _on_paper(result: PipelineResult) -> list[Explanation]:
    """The closed form next to what was simulated, where the stages are equal."""
    settings = result.settings
    times = _equal_times(settings)
    schedule = get_schedule(settings.schedule)
    form = times and bubble_time(
        schedule.name, result.shape.n_ranks, *times, n_chunks=result.shape.n_chunks
    )
    if not form:
        return []
    idle = result.step_time - result.ideal
    working = f"{form.formula} = {number(form.bubble_time)}; simulated {number(idle)}."
    if idle > form.bubble_time * (1 + 1e-9) + 1e-12:
        working += " The difference is communication, which the formula leaves out."
    return [
        Explanation("on_paper", "Bubble on paper", number(form.bubble_time), working, form.source)
    ]


def _peak_live(result: PipelineResult) -> Explanation:
    values = result.peak_live_micro_batches
    rank, v = int(values.argmax()), result.shape.n_chunks
    working = (
        f"Rank {rank} holds most: {int(result.peak_live_chunks[rank])} forwards whose backward has "
        "not ended"
    )
    working += f", each of one of {v} chunks and so 1/{v} of a micro-batch." if v > 1 else "."
    return Explanation(
        "peak_live_micro_batches", "Peak live micro-batches", number(float(values.max())), working
    )


def _peak_memory(result: PipelineResult) -> Explanation:
    rank = int(result.peak_memory.argmax())
    held = result.settings.held_fraction
    working = f"On rank {rank}: what stands all the time, {number(float(result.static[rank]))}, "
    working += "plus the activations kept at the worst moment."
    if get_schedule(result.settings.schedule).split_backward:
        working += f" Between input and weight gradient {held:.0%} of an activation stays."
    source = "Qi et al. 2023, arXiv 2401.10241, table 1" if held == HELD_FRACTION else ""
    return Explanation(
        "peak_memory", "Peak memory", number(float(result.peak_memory.max())), working, source
    )


def _bytes(result: PipelineResult) -> Explanation:
    rank = int(result.messages_sent.argmax())
    count = int(result.messages_sent[rank])
    return Explanation(
        "bytes_sent",
        "Bytes sent",
        number(float(result.bytes_sent.max())),
        f"Rank {rank} sends {count} messages of {number(result.message_bytes)} bytes: an "
        "activation up and a gradient down each hop, for every micro-batch.",
        NARAYANAN,
    )


def _equal_times(settings: PipelineSettings) -> tuple[float, float, float] | None:
    times = (settings.forward, settings.backward_input, settings.backward_weight)
    if any(isinstance(time, tuple) for time in times):
        return None
    forward, backward_input, backward_weight = (float(time) for time in times)  # type: ignore[arg-type]
    return forward, backward_input, backward_weight
