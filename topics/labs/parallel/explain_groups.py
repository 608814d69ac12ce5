"""Explain this number, for everything that is not a pipeline alone; `explain` does for all."""

from __future__ import annotations

from topics.labs.parallel.explain import NARAYANAN, Explanation, explain_pipeline
from topics.labs.parallel.network.costs import CollectiveCost
from topics.labs.parallel.pipeline.result import PipelineResult
from topics.labs.parallel.plan import StepEstimate
from topics.labs.parallel.streams import StepResult
from topics.labs.parallel.units import duration, size
from topics.phrases import say

KORTHIKANTI = "Korthikanti et al. 2022, arXiv 2205.05198"
ALPHA_BETA = "Thakur et al. 2005, doi 10.1177/1094342005051521"
Outcome = PipelineResult | StepResult | StepEstimate | CollectiveCost


def explain(
    outcome: Outcome,
) -> list[Explanation]:
    """Every headline figure of whatever was simulated."""
    if isinstance(outcome, PipelineResult):
        return explain_pipeline(outcome)
    if isinstance(outcome, StepEstimate):
        return _plan(outcome)
    return _step(outcome) if isinstance(outcome, StepResult) else _collective(outcome)


def _step(result: StepResult) -> list[Explanation]:
    working = say(
        "{step} of the step − {compute} of computing. What overlaps with computing is not waited "
        "for.",
        step=duration(result.step_time),
        compute=duration(result.compute_time),
    )
    sent = " + ".join(f"{size(n)} {op.replace('_', '-')}" for op, n in result.bytes_sent.items())
    held = " + ".join(f"{size(n)} {say(name)}" for name, n in result.memory.items())
    return [
        Explanation(
            "step_time",
            say("Step time"),
            duration(result.step_time),
            say("From the first piece of work to the last."),
        ),
        Explanation(
            "compute_time",
            say("Computing"),
            duration(result.compute_time),
            say("All the arithmetic of a rank: FLOP over what the GPU achieves per second."),
        ),
        Explanation("exposed", say("Waiting"), duration(result.exposed_time), working),
        Explanation(
            "idle_over_wall",
            say("Waiting over wall clock"),
            f"{result.idle_over_wall:.2%}",
            f"{duration(result.exposed_time)} / {duration(result.step_time)}",
        ),
        Explanation(
            "bytes_sent", say("Bytes sent per rank"), size(result.total_bytes_sent), sent or "0"
        ),
        Explanation("memory", say("Memory per rank"), size(result.peak_memory), held),
    ]


def _plan(estimate: StepEstimate) -> list[Explanation]:
    parts = " + ".join(f"{duration(t)} {say(name)}" for name, t in estimate.breakdown.items())
    sent = " + ".join(f"{size(n)} {say(name)}" for name, n in estimate.bytes_sent.items())
    held = " + ".join(f"{size(n)} {say(name)}" for name, n in estimate.memory.items())
    tokens = estimate.plan.global_batch * estimate.plan.layer.seq_len
    return [
        Explanation("step_time", say("Step time"), duration(estimate.seconds), parts),
        Explanation(
            "tokens_per_second",
            say("Tokens per second"),
            f"{estimate.tokens_per_second:,.0f}",
            say(
                "{tokens} tokens of a step / {step}.",
                tokens=f"{tokens:,}",
                step=duration(estimate.seconds),
            ),
        ),
        Explanation(
            "efficiency",
            say("Efficiency"),
            f"{estimate.efficiency:.1%}",
            say(
                "Forward and backward of the model over what {gpus} GPUs could compute in that "
                "time at the given rate; recomputation does not count.",
                gpus=f"{estimate.plan.n_gpus:,}",
            ),
            "Chowdhery et al. 2022, arXiv 2204.02311, appendix B",
        ),
        Explanation(
            "bubble_over_wall",
            say("Bubble over wall clock"),
            f"{estimate.pipeline.bubble_over_wall:.2%}",
            _bubble(estimate),
            NARAYANAN,
        ),
        Explanation(
            "bytes_sent", say("Bytes sent per GPU"), size(sum(estimate.bytes_sent.values())), sent
        ),
        Explanation(
            "memory", say("Memory per GPU"), size(sum(estimate.memory.values())), held, KORTHIKANTI
        ),
    ]


def _collective(cost: CollectiveCost) -> list[Explanation]:
    found = [
        Explanation("seconds", say("Time"), duration(cost.seconds), cost.formula, ALPHA_BETA),
        Explanation(
            "algorithm",
            say("Fastest algorithm"),
            cost.algorithm,
            say("{steps} steps, one after the other.", steps=cost.steps),
        ),
        Explanation(
            "bytes_sent",
            say("Bytes sent per rank"),
            size(cost.bytes_sent),
            say(
                "{intra} inside the node, {inter} between nodes.",
                intra=size(cost.intra_bytes),
                inter=size(cost.inter_bytes),
            ),
        ),
    ]
    if not cost.seconds:
        return found
    speed = f"{cost.bus_bandwidth / 1e9:.1f} GB/s"
    working = say(
        "{payload} / {time}, times what a rank must send per byte of payload.",
        payload=size(cost.payload),
        time=duration(cost.seconds),
    )
    source = "nccl-tests, PERFORMANCE.md"
    return [*found, Explanation("bus_bandwidth", say("Bus bandwidth"), speed, working, source)]


def _bubble(estimate: StepEstimate) -> str:
    lines = {line.key: line for line in explain_pipeline(estimate.pipeline)}
    return lines["bubble_over_wall"].working
