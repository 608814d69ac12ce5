"""Data, tensor, sequence and expert parallelism: volumes, overlap, memory, refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from topics.labs.parallel import (
    DataParallelSettings,
    ExpertParallelSettings,
    LayerShape,
    Link,
    SequenceParallelSettings,
    SettingError,
    StepResult,
    TensorParallelSettings,
    Topology,
    bytes_per_layer,
    calls_per_layer,
    flat,
    get_link,
    memory_per_rank,
    simulate_data_parallel,
    simulate_expert_parallel,
    simulate_sequence_parallel,
    simulate_tensor_parallel,
    volume_per_parameter,
)
from topics.labs.parallel.expert_parallel import balanced_bytes_per_rank, routing
from topics.labs.parallel.sequence_parallel import forward_elements_per_rank
from topics.labs.parallel.streams import Work

NVLINK = get_link("nvlink-h100")
GROUPS: dict[str, Callable[[], StepResult]] = {
    "dp": lambda: simulate_data_parallel(DataParallelSettings()),
    "zero-1": lambda: simulate_data_parallel(DataParallelSettings(zero_stage=1)),
    "zero-2": lambda: simulate_data_parallel(DataParallelSettings(zero_stage=2)),
    "zero-3": lambda: simulate_data_parallel(DataParallelSettings(zero_stage=3)),
    "tp": lambda: simulate_tensor_parallel(TensorParallelSettings()),
    "tp-sp": lambda: simulate_tensor_parallel(TensorParallelSettings(sequence_parallel=True)),
    "ulysses": lambda: simulate_sequence_parallel(SequenceParallelSettings(kind="ulysses")),
    "ring": lambda: simulate_sequence_parallel(SequenceParallelSettings(kind="ring")),
    "ep": lambda: simulate_expert_parallel(ExpertParallelSettings(imbalance=1.3)),
}


@pytest.mark.parametrize("name", GROUPS)
def test_a_lane_does_one_thing_at_a_time_and_the_step_ends_with_the_last(name: str) -> None:
    result = GROUPS[name]()
    lanes: dict[tuple[int, str], list[Work]] = {}
    for work in result.timeline:
        lanes.setdefault((work.rank, work.lane), []).append(work)
    for works in lanes.values():
        for before, after in pairwise(works):
            assert after.start >= before.end - 1e-12, (before, after)
    assert max(work.end for work in result.timeline) == pytest.approx(result.step_time)
    assert result.step_time >= result.compute_time * (1 - 1e-12)
    assert result.step_time == pytest.approx(result.compute_time + result.exposed_time)


# Data parallelism and ZeRO


@pytest.mark.parametrize("n", [1, 2, 4, 8, 64])
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_zero_sends_two_or_three_times_the_parameters(stage: int, n: int) -> None:
    settings = DataParallelSettings(flat(n, NVLINK), 1e9, 10, stage)
    result = simulate_data_parallel(settings)
    expected = volume_per_parameter(stage, n) * 1e9 * settings.grad_bytes
    assert result.total_bytes_sent == pytest.approx(expected)
    assert (
        set(result.bytes_sent)
        == {
            0: {"all_reduce"},
            1: {"reduce_scatter", "all_gather"},
            2: {"reduce_scatter", "all_gather"},
            3: {"reduce_scatter", "all_gather"},
        }[stage]
    )


def test_volumes_in_the_limit_are_those_of_the_zero_paper() -> None:
    assert [volume_per_parameter(stage) for stage in range(4)] == [2, 2, 2, 3]
    assert volume_per_parameter(3, 4) / volume_per_parameter(0, 4) == 1.5


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_model_states_are_those_of_figure_1_of_the_zero_paper(stage: int, gigabytes: float) -> None:
    settings = DataParallelSettings(flat(64, NVLINK), 7.5e9, 32, stage)
    memory = memory_per_rank(settings)
    states = sum(memory[name] for name in ("weights", "gradients", "optimizer"))
    assert states / 1e9 == pytest.approx(gigabytes, abs=0.05)


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_overlap_hides_communication_and_its_bytes_stay(stage: int) -> None:
    settings = DataParallelSettings(zero_stage=stage)
    hidden = simulate_data_parallel(settings)
    shown = simulate_data_parallel(replace(settings, overlap=False))
    assert shown.step_time == pytest.approx(shown.compute_time + shown.communication_time)
    assert hidden.step_time < shown.step_time
    assert hidden.total_bytes_sent == pytest.approx(shown.total_bytes_sent)


def test_only_the_last_bucket_of_ddp_is_left_over_when_the_link_is_quick() -> None:
    layer_bytes = 1e9 / 10 * 2
    settings = DataParallelSettings(flat(4, NVLINK), 1e9, 10, bucket_bytes=2 * layer_bytes)
    result = simulate_data_parallel(settings)
    sends = [work for work in result.timeline if work.lane == "communication"]
    assert sends[0].name == "all-reduce of layers 8 to 9"
    assert len(sends) == 5
    assert result.exposed_time == pytest.approx(sends[-1].end - sends[-1].start)


def test_a_slow_link_leaves_all_but_the_first_backwards_exposed() -> None:
    slow = flat(8, Link("slow", 0.0, 1e9))
    result = simulate_data_parallel(DataParallelSettings(slow, 1e9, 10, forward=0.1, backward=0.2))
    first_bucket_at = 0.1 + 0.02
    assert result.step_time == pytest.approx(first_bucket_at + result.communication_time)


def test_zero_3_fetches_a_layer_ahead_and_no_further() -> None:
    settings = DataParallelSettings(zero_stage=3, n_layers=4, prefetch=1)
    ahead, none = first_of_each(settings), first_of_each(replace(settings, prefetch=0))
    for layer in (1, 2, 3):
        gather = ahead[f"all-gather of layer {layer}"]
        assert gather.start == pytest.approx(ahead[f"forward {layer - 1}"].start)
        assert ahead[f"forward {layer}"].start >= gather.end
        late = none[f"all-gather of layer {layer}"]
        assert late.start == pytest.approx(none[f"forward {layer - 1}"].end)
        assert none[f"forward {layer}"].start == pytest.approx(late.end)


def first_of_each(settings: DataParallelSettings) -> dict[str, Work]:
    """The forward's work by name; the backward's gathers, of the same names, come later."""
    found: dict[str, Work] = {}
    for work in simulate_data_parallel(settings).timeline:
        found.setdefault(work.name, work)
    return found


def test_accumulation_reduces_once_unless_gradients_are_sharded() -> None:
    def volume(stage: int) -> float:
        settings = DataParallelSettings(flat(4, NVLINK), 1e9, 10, stage, n_micro_batches=3)
        return simulate_data_parallel(settings).total_bytes_sent / (1e9 * 2 * 3 / 4)

    assert [volume(stage) for stage in range(4)] == pytest.approx([2, 2, 3 + 1, 3 * 3])


def test_the_optimizer_is_shared_where_its_state_is() -> None:
    whole = simulate_data_parallel(DataParallelSettings(optimizer=0.8))
    shared = simulate_data_parallel(DataParallelSettings(optimizer=0.8, zero_stage=1))
    assert whole.compute_time - 0.3 == pytest.approx(0.8)
    assert shared.compute_time - 0.3 == pytest.approx(0.1)


# Tensor and sequence parallelism

GPT3 = LayerShape(12288, 96, 96, 4 * 12288, gated=False, n_layers=96, seq_len=2048)


@pytest.mark.parametrize("t", [1, 2, 4, 8])
def test_tensor_parallelism_sends_8_b_s_h_over_t_per_layer(t: int) -> None:
    settings = TensorParallelSettings(flat(t, NVLINK), GPT3)
    elements = 8 * 2048 * 12288 * (t - 1) / t
    assert bytes_per_layer(settings) == pytest.approx(2 * elements)
    with_sequence = replace(settings, sequence_parallel=True)
    assert bytes_per_layer(with_sequence) == pytest.approx(2 * elements)
    result = simulate_tensor_parallel(settings)
    assert result.total_bytes_sent == pytest.approx(96 * 2 * elements)


def test_counts_of_collectives_per_layer() -> None:
    def count(**switches: bool) -> dict[str, int]:
        calls = calls_per_layer(TensorParallelSettings(layer=GPT3, **switches))
        return {op: sum(call.op == op for call in calls) for op in {call.op for call in calls}}

    assert count() == {"all_reduce": 4}
    assert count(fused_inputs=False) == {"all_reduce": 6}
    assert count(sequence_parallel=True) == {"all_gather": 4, "reduce_scatter": 4}
    assert count(sequence_parallel=True, regather=True) == {"all_gather": 6, "reduce_scatter": 4}
    gated = TensorParallelSettings(layer=replace(GPT3, gated=True), fused_inputs=False)
    assert len(calls_per_layer(gated)) == 7


def test_arithmetic_is_shared_and_three_times_the_forward() -> None:
    one = simulate_tensor_parallel(TensorParallelSettings(flat(1, NVLINK), GPT3))
    eight = simulate_tensor_parallel(TensorParallelSettings(flat(8, NVLINK), GPT3))
    forward = 96 * (GPT3.linear_flops + GPT3.score_flops) / 400e12
    assert one.step_time == pytest.approx(3 * forward)
    assert eight.compute_time == pytest.approx(3 * forward / 8)


def test_a_layers_parameters_and_flops_are_twelve_h_squared() -> None:
    assert GPT3.linear_params == 12 * 12288**2
    assert GPT3.linear_flops == 24 * 2048 * 12288**2
    assert GPT3.score_flops == 4 * 2048**2 * 12288


def test_ulysses_sends_a_pth_of_megatron() -> None:
    for p in (2, 4, 8, 32):
        settings = SequenceParallelSettings(flat(p, NVLINK), kind="megatron")
        megatron = forward_elements_per_rank(settings)
        ulysses = forward_elements_per_rank(replace(settings, kind="ulysses"))
        assert ulysses / megatron == pytest.approx(1 / p)
        assert megatron == pytest.approx(4 * 4096 * 4096 * (p - 1) / p)


def test_ring_attention_passes_keys_and_values_round_and_their_gradients_home() -> None:
    p, tokens, kv = 4, 4096, 1024
    layer = LayerShape(n_kv_heads=8, n_layers=1)
    settings = SequenceParallelSettings(flat(p, NVLINK), layer, "ring")
    piece = tokens / p * kv * 2
    result = simulate_sequence_parallel(settings)
    forward, again, gradients = 2 * 3 * piece, 2 * 3 * piece, 2 * 4 * piece
    assert result.total_bytes_sent == pytest.approx(forward + again + gradients)
    assert forward_elements_per_rank(settings) == pytest.approx(forward / 2)


def test_ring_attention_hides_its_passes_behind_long_enough_blocks() -> None:
    long = LayerShape(n_kv_heads=8, n_layers=1, seq_len=131072)
    result = simulate_sequence_parallel(SequenceParallelSettings(flat(8, NVLINK), long, "ring"))
    assert result.exposed_time < 0.02 * result.compute_time
    assert result.communication_time > result.exposed_time


# Expert parallelism


def test_a_fair_router_sends_all_but_its_own_share() -> None:
    settings = ExpertParallelSettings(n_layers=3)
    result = simulate_expert_parallel(settings)
    assert result.total_bytes_sent == pytest.approx(3 * balanced_bytes_per_rank(settings))
    assert balanced_bytes_per_rank(settings) == 4 * 7 / 8 * 4096 * 2 * 4096 * 2
    assert set(result.bytes_by_rank) == {result.total_bytes_sent}
    assert result.notes == ()  # nobody waits: nothing to remark


@pytest.mark.parametrize("imbalance", [1.0, 1.5, 3.0, 8.0])
def test_the_step_waits_for_the_hottest_rank(imbalance: float) -> None:
    settings = ExpertParallelSettings(imbalance=imbalance)
    routes = routing(settings)
    assert routes.copies.sum() == pytest.approx(8 * 4096 * 2)
    assert routes.copies.sum(axis=0).max() == pytest.approx(imbalance * 4096 * 2)
    result = simulate_expert_parallel(settings)
    fair = simulate_expert_parallel(replace(settings, imbalance=1.0))
    experts = [w for w in result.timeline if w.name == "experts forward 0"]
    lengths = np.array([w.end - w.start for w in experts])
    assert lengths.max() / lengths.mean() == pytest.approx(imbalance)
    assert result.compute_time == pytest.approx(fair.compute_time)
    assert result.step_time >= fair.step_time * (1 - 1e-12)
    assert (result.step_time > fair.step_time * 1.1) == (imbalance > 1)


def test_capacity_drops_what_is_too_much() -> None:
    routes = routing(ExpertParallelSettings(imbalance=3.0, capacity_factor=1.25))
    assert routes.dropped == pytest.approx((3.0 - 1.25) / 8)
    assert routes.copies.sum(axis=0).max() == pytest.approx(1.25 * 4096 * 2)
    result = simulate_expert_parallel(ExpertParallelSettings(imbalance=3.0, capacity_factor=1.25))
    assert "21.9%" in result.notes[1]


def test_tokens_between_nodes_take_the_slower_road() -> None:
    near = ExpertParallelSettings(flat(16, NVLINK))
    far = replace(near, topology=Topology(16, 8, NVLINK, get_link("ib-ndr-400g")))
    slow, quick = simulate_expert_parallel(far), simulate_expert_parallel(near)
    assert slow.communication_time > 3 * quick.communication_time
    assert slow.total_bytes_sent == pytest.approx(quick.total_bytes_sent)


@pytest.mark.parametrize(
    ("call", "what_would_work"),
    [
        (lambda: simulate_data_parallel(DataParallelSettings(zero_stage=4)), "stages 0 .* to 3"),
        (lambda: simulate_data_parallel(DataParallelSettings(n_params=0)), "above zero"),
        (lambda: simulate_data_parallel(DataParallelSettings(forward=-1)), "zero or more"),
        (
            lambda: simulate_tensor_parallel(TensorParallelSettings(flat(5, NVLINK))),
            "32 attention heads cannot be shared .* Use 30 or 35 attention heads, .*: 1, 2, 4, 8",
        ),
        (
            lambda: simulate_tensor_parallel(
                TensorParallelSettings(flat(8, NVLINK), LayerShape(ffn_hidden=11009))
            ),
            "Use 11008 or 11016 feed-forward channels",
        ),
        (
            lambda: simulate_tensor_parallel(
                TensorParallelSettings(layer=LayerShape(seq_len=4097), sequence_parallel=True)
            ),
            "Use 4096 or 4104 tokens",
        ),
        (
            lambda: simulate_sequence_parallel(
                SequenceParallelSettings(flat(16, NVLINK), LayerShape(n_kv_heads=8), "ulysses")
            ),
            "Use at most 8 ranks, or ring attention",
        ),
        (
            lambda: simulate_sequence_parallel(SequenceParallelSettings(kind="bus")),
            "There are: megatron, ulysses, ring",
        ),
        (lambda: routing(ExpertParallelSettings(imbalance=9.0)), "between 1 .* and 8"),
        (lambda: routing(ExpertParallelSettings(n_experts=60)), "Use 56 or 64 experts"),
        (lambda: routing(ExpertParallelSettings(top_k=65)), "top_k is 1 to 64"),
        (lambda: routing(ExpertParallelSettings(capacity_factor=0)), "above zero"),
        (
            lambda: simulate_tensor_parallel(TensorParallelSettings(layer=LayerShape(4097))),
            "4097 hidden channels cannot be shared",
        ),
    ],
)
def test_what_cannot_be_shared_is_refused_with_what_can(
    call: Callable[[], object], what_would_work: str
) -> None:
    with pytest.raises(SettingError, match=what_would_work):
        call()
