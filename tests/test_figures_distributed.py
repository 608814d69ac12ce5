"""The distributed lesson's figures and numbers, against simulation, torch and the papers."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from topics import catalogue
from topics.distributed.figures_pipeline import SCHEDULES, simulate
from topics.distributed.ring import after, bytes_sent_per_rank, seconds, sent_chunk
from topics.distributed.sharding import (
    gelu,
    identity,
    mlp,
    mlp_columns_then_rows,
    mlp_rows_first,
    zero_sent_per_step,
    zero_state,
)

LESSON = (catalogue.ROOT / "distributed" / "lesson.md").read_text(encoding="utf-8")

# ZeRO paper, table 1: parameters (billions), GPUs, stage, GB per GPU.
ZERO_TABLE = [
    (7.5, 4, 1, 52.5),
    (7.5, 4, 3, 30),
    (7.5, 16, 2, 21.6),
    (7.5, 64, 0, 120),
    (7.5, 64, 1, 31.4),
    (7.5, 64, 2, 16.6),
    (7.5, 64, 3, 1.88),
    (7.5, 1024, 1, 30.1),
    (128, 16, 3, 128),
    (128, 256, 1, 518),
    (1000, 16, 2, 2875),
    (1000, 1024, 3, 15.6),
]


def all_reduce_with_numbers(tensors: np.ndarray, n_steps: int) -> np.ndarray:
    """The same messages on real numbers: tensors (n_ranks, n_ranks) as [rank][chunk]."""
    n = len(tensors)
    held = tensors.copy()
    for step in range(n_steps):
        messages = [(rank, sent_chunk(rank, step, n)) for rank in range(n)]
        values = [held[rank, chunk] for rank, chunk in messages]
        for (rank, chunk), value in zip(messages, values, strict=True):
            to = (rank + 1) % n
            held[to, chunk] = held[to, chunk] + value if step < n - 1 else value
    return held


@pytest.mark.parametrize("n_ranks", range(2, 9))
def test_the_drawn_contributions_are_what_numbers_would_sum_to(n_ranks: int) -> None:
    tensors = np.random.default_rng(0).integers(0, 1000, (n_ranks, n_ranks))
    for steps in range(2 * n_ranks - 1):
        held = all_reduce_with_numbers(tensors, steps)
        for rank, row in enumerate(after(steps, n_ranks)):
            for chunk, contributors in enumerate(row):
                assert held[rank, chunk] == tensors[sorted(contributors), chunk].sum()
    assert (held == tensors.sum(axis=0)).all()


def test_the_lesson_works_the_three_rank_example_right() -> None:
    tensors = np.array([[1, 2, 3], [10, 20, 30], [100, 200, 300]])
    first, second = (all_reduce_with_numbers(tensors, steps) for steps in (1, 2))
    assert (first[1, 0], first[2, 1], first[0, 2]) == (11, 220, 303)
    assert (second[2, 0], second[0, 1], second[1, 2]) == (111, 222, 333)


@pytest.mark.parametrize(("n_ranks", "ratio"), [(2, 1.0), (4, 1.5), (8, 1.75), (64, 1.96875)])
def test_ring_traffic_is_what_nccl_documents(n_ranks: int, ratio: float) -> None:
    assert bytes_sent_per_rank(10_000, n_ranks, 1.0) == pytest.approx(ratio)


@pytest.mark.parametrize(("billions", "gpus", "stage", "gigabytes"), ZERO_TABLE)
def test_zero_bytes_match_the_papers_table(
    billions: float, gpus: int, stage: int, gigabytes: float
) -> None:
    assert zero_state(billions * 1e9, gpus, stage).total / 1e9 == pytest.approx(gigabytes, rel=6e-3)


def test_stage_three_sends_half_as_much_again() -> None:
    sent = [zero_sent_per_step(7.5e9, 64, stage) for stage in range(4)]
    assert sent[0] == sent[1] == sent[2] == pytest.approx(bytes_sent_per_rank(999, 64, 15e9))
    assert sent[3] == pytest.approx(1.5 * sent[0])


@pytest.mark.parametrize("n_ranks", [2, 4])
def test_columns_then_rows_needs_one_sum_and_rows_first_goes_wrong(n_ranks: int) -> None:
    rng = np.random.default_rng(1)
    x, w_in, w_out = rng.normal(size=(5, 8)), rng.normal(size=(8, 16)), rng.normal(size=(16, 8))
    hidden = torch.nn.functional.gelu(torch.tensor(x @ w_in), approximate="tanh").numpy()
    assert mlp(x, w_in, w_out, gelu) == pytest.approx(hidden @ w_out)
    assert mlp_columns_then_rows(x, w_in, w_out, gelu, n_ranks) == pytest.approx(hidden @ w_out)
    assert np.abs(mlp_rows_first(x, w_in, w_out, gelu, n_ranks) - hidden @ w_out).max() > 0.5
    linear = mlp_rows_first(x, w_in, w_out, identity, n_ranks)
    assert linear == pytest.approx(x @ w_in @ w_out)


@pytest.mark.parametrize("n_stages", [2, 4, 8])
@pytest.mark.parametrize("schedule", ["GPipe", "1F1B"])
def test_gpipe_and_1f1b_share_a_bubble_and_differ_in_memory(schedule: str, n_stages: int) -> None:
    p, m = n_stages, 16
    result = simulate(schedule, p, m, backward=2)
    assert result.makespan == pytest.approx((m + p - 1) * 3)
    assert result.makespan_bubble_over_wall == pytest.approx((p - 1) / (m + p - 1))
    assert result.makespan_bubble_over_ideal == pytest.approx((p - 1) / m)
    live = [m] * p if schedule == "GPipe" else [p - stage for stage in range(p)]
    assert result.peak_live_micro_batches.tolist() == live


def test_interleaving_halves_the_bubble() -> None:
    result = simulate("interleaved 1F1B", 4, 8, backward=2)
    assert result.makespan_bubble_over_ideal == pytest.approx(3 / (2 * 8))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_runs_at_every_setting_of_the_figure(schedule: str) -> None:
    for p in range(2, 9):
        for m in (1, 5, 16):
            assert simulate(schedule, p, m, backward=0.5).settings.n_micro_batches >= m


def test_the_figure_says_so_when_it_runs_more_micro_batches_than_asked() -> None:
    figure = catalogue.figures("distributed")["pipeline-timeline"]
    raised = figure.draw(schedule="1F1B", n_stages=4, n_micro=2, backward=2)
    assert "p = 4, m = 4" in raised.text
    assert "raised from 2" in raised.text
    assert "raised" not in figure.draw(schedule="GPipe", n_stages=4, n_micro=2, backward=2).text


def test_the_timeline_names_the_bubble_of_the_lesson() -> None:
    drawing = catalogue.figures("distributed")["pipeline-timeline"]
    text = drawing.draw(**drawing.defaults()).text
    assert "27.3% of wall clock" in text
    assert "37.5% over ideal time" in text
    assert "3/11 = 27.3" in LESSON
    assert "3/8 = 37.5" in LESSON


def test_the_zero_figure_names_the_first_stage_that_fits() -> None:
    draw = catalogue.figures("distributed")["zero-stages"].draw
    assert "120.00 → 31.41 → 16.64 → 1.88" in draw(billions=7.5, gpus="64", card="80").text
    assert "first stage that fits the card is 1" in draw(billions=7.5, gpus="64", card="80").text
    assert "first stage that fits the card is 2" in draw(billions=7.5, gpus="64", card="24").text
    assert "No stage fits" in draw(billions=7.5, gpus="1", card="24").text


def test_the_lessons_traffic_figures_are_right() -> None:
    tensor_parallel = 4 * 2 * (7 / 8) * 2048 * 12288 * 2  # bytes a layer
    compute = 6 * 175e9 * 2048 / (8 * 400e12)
    printed = {
        "352 MB": tensor_parallel / 1e6,
        "33.8 GB": 96 * tensor_parallel / 1e9,
        "75 ms": 96 * tensor_parallel / 450e9 * 1e3,
        "0.68 s": 96 * tensor_parallel / 50e9,
        "0.67 s": compute,
        "50 MB": 2048 * 12288 * 2 / 1e6,
        "24.5 GB": bytes_sent_per_rank(99, 8, 14e9) / 1e9,
        "54 ms": seconds(8, 14e9, 450e9) * 1e3,
        "490 ms": seconds(8, 14e9, 50e9) * 1e3,
    }
    for text, value in printed.items():
        number = float(text.split()[0])
        assert value == pytest.approx(number, rel=0.01)
        assert re.search(rf"(?<![\d.]){re.escape(text)}", LESSON), text
