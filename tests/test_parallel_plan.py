"""Whole plans and scaling curves: the parts add up, and do what each part does alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from topics.labs.parallel import (
    LayerShape,
    Link,
    Plan,
    SettingError,
    TensorParallelSettings,
    bytes_per_layer,
    doublings,
    flat,
    get_link,
    simulate_plan,
    strong_scaling,
    weak_scaling,
)
from topics.labs.parallel.plan import n_params

INSTANT = Link("instant", 0.0, 1e30)
SEVENTY_B = LayerShape(8192, 64, 8, 28672, n_layers=80, seq_len=4096)
PLAN = Plan(SEVENTY_B, dp=16, tp=8, pp=4, global_batch=512)


def test_without_communication_or_a_pipeline_all_time_is_arithmetic() -> None:
    estimate = simulate_plan(Plan(dp=4, global_batch=32, intra=INSTANT, inter=INSTANT))
    assert estimate.efficiency == pytest.approx(1.0)
    assert estimate.breakdown["arithmetic"] == pytest.approx(estimate.seconds)


def test_the_parts_of_a_step_add_up_to_it() -> None:
    for plan in (PLAN, replace(PLAN, zero_stage=3), replace(PLAN, recompute=True)):
        estimate = simulate_plan(plan)
        assert sum(estimate.breakdown.values()) == pytest.approx(estimate.seconds)
        assert all(part >= 0 for part in estimate.breakdown.values())
        assert 0 < estimate.efficiency < 1


def test_efficiency_is_the_arithmetic_of_the_model_over_that_of_the_gpus() -> None:
    """Close to 6·N FLOP per token, plus attention: 12·L·h·s per token."""
    estimate = simulate_plan(PLAN)
    tokens = 512 * 4096
    lookups = 32000 * 8192  # the input embedding multiplies nothing
    flops = tokens * (6 * (n_params(PLAN) - lookups) + 12 * 80 * 8192 * 4096)
    given = estimate.seconds * PLAN.n_gpus * PLAN.flops
    assert estimate.efficiency == pytest.approx(flops / given)


def test_the_bubble_of_an_even_plan_is_the_formula() -> None:
    quiet = replace(PLAN, intra=INSTANT, inter=INSTANT, vocab=1)
    estimate = simulate_plan(quiet)
    m = 512 // 16
    assert estimate.breakdown["pipeline idle"] / estimate.seconds == pytest.approx(
        3 / (m + 3), rel=1e-3
    )


def test_tensor_parallel_bytes_are_those_of_the_layers_on_a_stage() -> None:
    estimate = simulate_plan(PLAN)
    tensor = TensorParallelSettings(
        flat(8, get_link("nvlink-h100")), SEVENTY_B, sequence_parallel=True
    )
    assert estimate.bytes_sent["tensor parallel"] == pytest.approx(
        bytes_per_layer(tensor) * 20 * 32
    )
    # Sharded along the sequence, an eighth of an activation crosses each pipeline hop.
    assert estimate.bytes_sent["pipeline"] == 2 * 32 * 4096 * 8192 * 2 / 8


def test_recomputation_buys_memory_with_a_third_more_time() -> None:
    plain, again = simulate_plan(PLAN), simulate_plan(replace(PLAN, recompute=True))
    assert again.memory["activations"] < plain.memory["activations"] / 10
    assert 1.25 < again.seconds / plain.seconds < 1.4


def test_zero_3_trades_memory_for_traffic() -> None:
    one, three = (simulate_plan(replace(PLAN, zero_stage=stage)) for stage in (1, 3))
    assert three.memory["weights"] == pytest.approx(one.memory["weights"] / 16)
    assert three.bytes_sent["data parallel"] == pytest.approx(
        1.5 * 32 * one.bytes_sent["data parallel"]
    )
    assert three.seconds > one.seconds


@pytest.mark.parametrize("schedule", ["gpipe", "interleaved", "zb-h1", "zb-v", "looped-bfs"])
def test_any_schedule_runs_in_a_plan(schedule: str) -> None:
    estimate = simulate_plan(replace(PLAN, schedule=schedule))
    assert estimate.pipeline.settings.schedule == schedule
    assert sum(estimate.breakdown.values()) == pytest.approx(estimate.seconds)


def test_uneven_stages_come_from_the_logits() -> None:
    estimate = simulate_plan(replace(PLAN, vocab=128256))
    assert estimate.pipeline.busy.argmax() == 3
    assert estimate.pipeline.busy[3] > 1.01 * estimate.pipeline.busy[0]


def test_weak_scaling_keeps_the_work_per_gpu_and_strong_scaling_runs_out_of_it() -> None:
    small = replace(PLAN, dp=1, global_batch=64)
    sizes = doublings(32, 4096)
    weak = weak_scaling(small, sizes)
    assert [point.n_gpus for point in weak] == sizes
    assert weak[0].efficiency == 1 and weak[-1].efficiency > 0.9
    strong = strong_scaling(small, sizes)
    assert [point.n_gpus for point in strong] == doublings(32, 512)  # then m < p: no 1F1B
    assert strong[-1].efficiency < 0.7
    seconds = [point.seconds for point in strong]
    assert seconds == sorted(seconds, reverse=True)


@pytest.mark.parametrize(
    ("call", "what_would_work"),
    [
        (lambda: simulate_plan(replace(PLAN, pp=3)), "80 layers cannot .* Use 78 or 81 layers"),
        (lambda: simulate_plan(replace(PLAN, global_batch=500)), "Use 496 or 512 sequences"),
        (lambda: simulate_plan(replace(PLAN, tp=16)), "tp of at most 8"),
        (lambda: simulate_plan(replace(PLAN, tp=7)), "Use 63 or 70 attention heads"),
        (lambda: simulate_plan(replace(PLAN, global_batch=32)), "needs at least 4 micro-batches"),
        (lambda: weak_scaling(PLAN, [7, 9]), "multiples of tp × pp = 32"),
    ],
)
def test_a_plan_that_cannot_be_cut_says_what_would_work(
    call: Callable[[], object], what_would_work: str
) -> None:
    with pytest.raises(SettingError, match=what_would_work):
        call()
