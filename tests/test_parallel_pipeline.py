"""Simulated pipelines: closed forms, memory, communication, uneven stages, refusals, size."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topics.labs.parallel import (
    SCHEDULES,
    Kind,
    PipelineSettings,
    SettingError,
    bubble_over_ideal,
    bubble_over_wall,
    bubble_time,
    explain_pipeline,
    micro_batches_for_bubble,
    simulate_pipeline,
)
from topics.labs.parallel.pipeline.settings import HELD_FRACTION

sizes = st.tuples(st.integers(1, 12), st.integers(0, 20))
times = st.floats(0.1, 10.0)


@settings(max_examples=50, deadline=None)
@given(sizes, times, times, times, st.sampled_from(["gpipe", "1f1b"]))
def test_gpipe_and_1f1b_idle_for_p_minus_1_micro_batches(
    size: tuple[int, int], f: float, b: float, w: float, schedule: str
) -> None:
    p, m = size[0], size[0] + size[1]
    result = simulate_pipeline(PipelineSettings(schedule, p, m, None, f, b, w))
    assert result.makespan == pytest.approx((m + p - 1) * (f + b + w))
    assert result.bubble_over_ideal == pytest.approx(bubble_over_ideal(p, m), abs=1e-12)
    assert result.bubble_over_wall == pytest.approx(bubble_over_wall(p, m), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 8),
    st.integers(1, 4),
    st.integers(2, 5),
    times,
    times,
    st.sampled_from(["interleaved", "looped-bfs"]),
)
def test_v_chunks_divide_the_bubble_by_v(
    p: int, rounds: int, v: int, f: float, b: float, schedule: str
) -> None:
    m = p * rounds
    result = simulate_pipeline(PipelineSettings(schedule, p, m, v, f, b, b))
    assert result.bubble_over_ideal == pytest.approx((p - 1) / (v * m), abs=1e-12)
    assert result.bubble_over_wall == pytest.approx((p - 1) / (v * m + p - 1), abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10), st.integers(0, 12), times, times, st.floats(0.0, 1.0))
def test_zb_h1_idles_as_its_paper_says(p: int, more: int, f: float, b: float, part: float) -> None:
    w = part * min(f, b)
    result = simulate_pipeline(PipelineSettings("zb-h1", p, 2 * p + more, None, f, b, w))
    assert result.step_time - result.ideal == pytest.approx((p - 1) * (f + b - w), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10), st.integers(0, 12), times, times, st.floats(0.0, 1.0))
def test_zb_h2_idles_as_its_paper_says(p: int, more: int, f: float, b: float, part: float) -> None:
    w = part * min(f, b)
    result = simulate_pipeline(PipelineSettings("zb-h2", p, 2 * p + more, None, f, b, w))
    assert result.step_time - result.ideal == pytest.approx((p - 1) * (f + b - 2 * w), abs=1e-9)


@pytest.mark.parametrize("p", range(1, 9))
def test_zb_v_and_zb_h2_have_no_bubble_when_the_three_times_are_equal(p: int) -> None:
    for schedule in ("zb-v", "zb-h2"):
        result = simulate_pipeline(PipelineSettings(schedule, p, 2 * p + 3))
        assert result.bubble_over_ideal == pytest.approx(0, abs=1e-12)
        assert result.makespan_bubble_over_ideal == pytest.approx(
            (p - 1) / (2 * p + 3) / (6 if schedule == "zb-v" else 3)
        )


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SCHEDULES)), st.integers(1, 7), st.integers(0, 2), times, times)
def test_no_schedule_beats_the_ideal_and_every_rank_computes_all_its_work(
    name: str, p: int, rounds: int, f: float, w: float
) -> None:
    m = 2 * p * (rounds + 1)
    result = simulate_pipeline(PipelineSettings(name, p, m, None, f, 1.0, w, comm=0.1))
    np.testing.assert_allclose(result.busy, m * (f + 1.0 + w))
    assert result.step_time >= result.ideal * (1 - 1e-12)
    assert result.makespan >= result.step_time * (1 - 1e-12)


@pytest.mark.parametrize(("p", "m"), [(1, 3), (4, 4), (4, 12), (7, 20)])
def test_peak_live_micro_batches_are_those_of_the_papers(p: int, m: int) -> None:
    def peak(schedule: str, v: int | None = None) -> list[float]:
        settings_ = PipelineSettings(schedule, p, m, v)
        return simulate_pipeline(settings_).peak_live_micro_batches.tolist()

    assert peak("gpipe") == [m] * p
    assert peak("1f1b") == peak("zb-h1") == [min(p - rank, m) for rank in range(p)]
    assert peak("looped-bfs") == [m] * p
    assert max(peak("zb-v")) == p


@pytest.mark.parametrize("v", [2, 3])
def test_interleaving_holds_more_by_p_minus_1_over_p_v(v: int) -> None:
    p = 4
    result = simulate_pipeline(PipelineSettings("interleaved", p, 16, v))
    most = (v * p + p - 1) / v  # p·(1 + (p − 1)/(p·v)): arXiv 2205.05198, section 4.2.3
    assert max(result.peak_live_micro_batches) == pytest.approx(most)


@pytest.mark.parametrize("p", [2, 4, 8])
def test_zb_h2_holds_2p_minus_1_and_dualpipe_v_one_more_stage_than_there_are(p: int) -> None:
    h2 = simulate_pipeline(PipelineSettings("zb-h2", p, 3 * p))
    assert max(h2.peak_live_micro_batches) == 2 * p - 1
    dual = simulate_pipeline(PipelineSettings("dualpipe-v", p, 3 * p))
    assert max(dual.peak_live_chunks) == 2 * p + 1  # PP + 1 with PP = 2p stages


@pytest.mark.parametrize(("p", "m"), [(4, 8), (8, 24)])
def test_zb_h1_needs_no_more_memory_than_1f1b(p: int, m: int) -> None:
    """Table 2 of its paper: what a weight gradient waits with is the smaller part."""
    h1 = simulate_pipeline(PipelineSettings("zb-h1", p, m, activation_bytes=10.0))
    plain = simulate_pipeline(PipelineSettings("1f1b", p, m, activation_bytes=10.0))
    assert max(h1.peak_memory) == pytest.approx(max(plain.peak_memory)) == 10.0 * p
    # The put-off weight gradients fill the later ranks up, which in 1F1B stand half empty.
    assert min(h1.peak_memory) > 10.0 * p * HELD_FRACTION - 10.0 > min(plain.peak_memory)


def test_memory_over_time_rises_with_forwards_and_returns_to_what_stands() -> None:
    settings_ = PipelineSettings("1f1b", 2, 2, activation_bytes=3.0, static_bytes=(5.0, 7.0))
    result = simulate_pipeline(settings_)
    steps = result.memory_over_time(0)
    assert steps.time.tolist() == [0, 0, 1, 6, 9]
    assert steps.level.tolist() == [5, 8, 11, 8, 5]
    assert result.peak_memory[0] == 11.0
    assert result.memory_over_time(1).level.max() == result.peak_memory[1] == 10.0


@pytest.mark.parametrize("name", SCHEDULES)
def test_memory_over_time_peaks_where_the_peak_says(name: str) -> None:
    result = simulate_pipeline(PipelineSettings(name, 4, 12, activation_bytes=2.0))
    for rank in range(4):
        steps = result.memory_over_time(rank)
        assert steps.level.max() == pytest.approx(result.peak_memory[rank])
        assert steps.level[-1] == pytest.approx(0.0)
        assert (np.diff(steps.time) >= 0).all()


def test_a_held_fraction_of_zero_counts_live_micro_batches() -> None:
    for name in SCHEDULES:
        result = simulate_pipeline(PipelineSettings(name, 4, 12, held_fraction=0.0))
        np.testing.assert_allclose(result.peak_memory, result.peak_live_micro_batches)


def test_a_hop_delays_the_first_micro_batch_by_its_time() -> None:
    result = simulate_pipeline(PipelineSettings("gpipe", 3, 1, comm=(0.5, 0.25)))
    starts = {e.stage: e.start for e in result.events() if e.kind == Kind.FORWARD}
    assert starts == {0: 0.0, 1: 1.5, 2: 2.75}
    assert result.makespan == 3 * 3 + 2 * (0.5 + 0.25)


def test_no_time_is_lost_between_two_stages_on_one_rank() -> None:
    """The turn of the V: stages p − 1 and p share a rank."""
    result = simulate_pipeline(PipelineSettings("zb-v", 1, 1, comm=100.0))
    assert result.makespan == 3.0
    assert result.bytes_sent.tolist() == [0.0]


def test_messages_go_up_and_down_every_hop_for_every_micro_batch() -> None:
    def sent(name: str, v: int | None = None) -> list[float]:
        return simulate_pipeline(
            PipelineSettings(name, 4, 8, v, message_bytes=10.0)
        ).bytes_sent.tolist()

    assert sent("1f1b") == [80.0, 160.0, 160.0, 80.0]
    # Two chunks: every rank but the ends passes on twice both ways; the ends wrap around once.
    assert sent("interleaved", 2) == [240.0, 320.0, 320.0, 240.0]
    assert sent("zb-v") == [160.0, 320.0, 320.0, 160.0]


def test_one_slow_stage_sets_the_pace_of_all() -> None:
    even = simulate_pipeline(PipelineSettings("1f1b", 4, 32))
    slow = simulate_pipeline(PipelineSettings("1f1b", 4, 32, forward=(1.0, 1.0, 2.0, 1.0)))
    assert slow.ideal == 32 * 4 and even.ideal == 32 * 3
    assert slow.makespan >= even.makespan + 32 - 4
    assert slow.idle_share.argmin() == 2
    assert slow.idle_share[0] > 0.25


def test_times_may_be_one_per_rank_or_one_per_chunk() -> None:
    by_rank = PipelineSettings("interleaved", 2, 4, 2, forward=(1.0, 3.0))
    by_chunk = PipelineSettings("interleaved", 2, 4, 2, forward=(0.5, 1.5, 0.5, 1.5))
    assert simulate_pipeline(by_rank).makespan == simulate_pipeline(by_chunk).makespan
    with pytest.raises(SettingError, match=r"3 values; it takes 1 .*, 2 .* or 4"):
        simulate_pipeline(PipelineSettings("interleaved", 2, 4, 2, forward=(1.0, 1.0, 1.0)))


@pytest.mark.parametrize(
    ("settings_", "what_would_work"),
    [
        (PipelineSettings("1f1b", 4, 3), "Use 4 or more micro-batches, at most 3 stages, or gpipe"),
        (PipelineSettings("zb-h1", 8, 7), "Use 8 or more micro-batches, at most 7 stages"),
        (PipelineSettings("zb-h2", 4, 6), "Use 7 or more micro-batches, at most 3 stages"),
        (PipelineSettings("dualpipe-v", 4, 7), "Use 8 or more micro-batches, at most 3 stages"),
        (PipelineSettings("interleaved", 4, 6), "Use 4 or 8 micro-batches, .*: 2, 3, 6"),
        (PipelineSettings("zb-h1", 4, 6, 2), "Use 4 or 8 micro-batches, .*: 2, 3, 6"),
        (PipelineSettings("interleaved", 4, 8, 1), "2 or more chunks .* With one chunk it is 1f1b"),
        (PipelineSettings("1f1b", 4, 8, 2), "exactly 1 chunks .* use interleaved"),
        (PipelineSettings("zb-v", 4, 8, 3), "exactly 2 chunks"),
        (PipelineSettings("gpipe", 0, 8), "stages is 0: give 1 or more"),
        (PipelineSettings("gpipe", 4, 0), "micro-batches is 0: give 1 or more"),
        (PipelineSettings("pipedream", 4, 8), "There are: gpipe, 1f1b"),
        (PipelineSettings("gpipe", 4, 8, forward=-1.0), "forward is -1: it must be zero or more"),
        (PipelineSettings("gpipe", 4, 8, comm=float("nan")), "comm is nan"),
        (PipelineSettings("gpipe", 4, 8, comm=(1.0, 1.0)), "takes 1, or 3: one per hop"),
        (PipelineSettings("gpipe", 4, 8, None, 0.0, 0.0, 0.0), "All times are zero"),
        (PipelineSettings("gpipe", 4, 8, held_fraction=2.0), "between 0 and 1"),
        (PipelineSettings("gpipe", 10_000, 10_000), "at most 15,000,000 are simulated"),
    ],
)
def test_an_impossible_setting_is_refused_and_says_what_would_work(
    settings_: PipelineSettings, what_would_work: str
) -> None:
    with pytest.raises(SettingError, match=what_would_work):
        simulate_pipeline(settings_)


def test_a_thousand_ranks_by_a_thousand_micro_batches() -> None:
    """Two million operations: seconds, not minutes."""
    result = simulate_pipeline(PipelineSettings("1f1b", 1000, 1000))
    assert result.n_events == 2_000_000
    assert result.makespan == 1999 * 3
    assert result.peak_live_micro_batches[[0, 500, 999]].tolist() == [1000, 500, 1]


@pytest.mark.parametrize("target", [0.5, 0.1, 0.05, 0.01])
def test_the_fewest_micro_batches_for_a_bubble_keep_it_and_one_fewer_does_not(
    target: float,
) -> None:
    m = micro_batches_for_bubble(8, target)
    assert bubble_over_wall(8, m) <= target + 1e-12
    assert m == 1 or bubble_over_wall(8, m - 1) > target


def test_no_formula_is_offered_where_none_is_published() -> None:
    assert bubble_time("zb-h1", 4, 1.0, 1.0, 2.0) is None
    assert bubble_time("zb-v", 4, 1.0, 2.0, 1.0) is None
    assert bubble_time("dualpipe-v", 4, 1.0, 1.0, 1.0) is None
    assert bubble_time("zb-h1", 4, 1.0, 1.0, 1.0).bubble_time == 3.0


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("times", [(1.0, 1.0, 1.0), (1.0, 1.2, 0.5), (3.0, 1.0, 0.7)])
def test_a_formula_is_offered_only_where_it_holds(
    name: str, times: tuple[float, float, float]
) -> None:
    for p, m in itertools.product((2, 3, 4), range(1, 13)):
        try:
            result = simulate_pipeline(PipelineSettings(name, p, m, None, *times))
        except SettingError:
            continue
        form = bubble_time(name, p, *times, result.shape.n_chunks, m)
        assert form is None or result.step_time - result.ideal == pytest.approx(
            form.bubble_time, abs=1e-9
        )


def test_every_figure_is_explained_with_its_numbers() -> None:
    result = simulate_pipeline(PipelineSettings("1f1b", 4, 8))
    lines = {line.key: line for line in explain_pipeline(result)}
    assert lines["bubble_over_ideal"].value == "37.50%"
    assert "(33 − 24) / 24" in lines["bubble_over_ideal"].working
    assert lines["bubble_over_wall"].value == "27.27%"
    assert lines["on_paper"].working == "(p−1)·(F+B+W) = 9; simulated 9."
    with_hops = simulate_pipeline(PipelineSettings("1f1b", 4, 8, comm=0.1))
    assert "leaves out" in {e.key: e for e in explain_pipeline(with_hops)}["on_paper"].working
    uneven = simulate_pipeline(PipelineSettings("1f1b", 4, 8, forward=(1.0, 1.0, 1.0, 2.0)))
    assert "on_paper" not in {e.key for e in explain_pipeline(uneven)}
