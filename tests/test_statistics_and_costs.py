"""Samples are judged by their law with a stated false alarm; costs are counted right."""

import numpy as np
import pytest
import torch

from verifiers.costs import Counted, Meter
from verifiers.statistics import FALSE_ALARM, goodness_of_fit, same_distribution
from verifiers.tree import freeze

LAW = [0.4, 0.3, 0.2, 0.09, 0.01, 0.0]


def drawn(law, n, seed):
    return np.random.default_rng(seed).multinomial(n, law).tolist()


def verdict(counts, law=LAW, n=10_000):
    expected = {"counts": drawn(law, n, 0), "probabilities": law}
    observed = {"counts": counts, "probabilities": [1.0, 0, 0, 0, 0, 0]}
    return same_distribution()(freeze(observed), freeze(expected))


def test_the_p_value_is_that_of_the_chi_square_law():
    # χ² with one degree of freedom: P(χ² ≥ 3.8415) = 0.05.
    difference = (3.841458820694124 * 100 / 4) ** 0.5
    assert goodness_of_fit([50 + difference, 50 - difference], [0.5, 0.5]) == pytest.approx(0.05)


def test_p_values_of_right_samplers_are_uniform():
    values = [goodness_of_fit(drawn(LAW, 5000, seed), LAW) for seed in range(400)]
    # 400 uniform values: the share below 0.1 lies within 0.1 ± 0.09 but for 1 in 10⁸.
    assert 0.01 < np.mean(np.array(values) < 0.1) < 0.19


def test_right_samplers_pass():
    assert FALSE_ALARM <= 1e-6
    assert all(verdict(drawn(LAW, 10_000, seed)) is None for seed in range(100))


@pytest.mark.parametrize(
    "law",
    [
        [0.44, 0.26, 0.2, 0.09, 0.01, 0.0],
        [0.36, 0.27, 0.18, 0.14, 0.05, 0.0],
        [0.4, 0.3, 0.2, 0.1, 0.0, 0.0],
    ],
)
def test_wrong_samplers_fail(law):
    assert verdict(drawn(law, 10_000, 1)) is not None


def test_an_impossible_outcome_fails_at_once():
    counts = drawn(LAW, 9_999, 1)
    counts[5] += 1
    assert "probability 0" in verdict(counts)


@pytest.mark.parametrize("counts", [[10_000], [1, 2, 3, 4, 5, 6], [-1, 10_001, 0, 0, 0, 0]])
def test_counts_that_cannot_be_are_refused(counts):
    assert verdict(counts) is not None


def test_the_law_is_the_references_never_the_submissions():
    claimed = {"counts": [10_000, 0, 0], "probabilities": [1.0, 0.0, 0.0]}
    law = {"counts": drawn([0.5, 0.5, 0.0], 10_000, 0), "probabilities": [0.5, 0.5, 0.0]}
    assert same_distribution()(freeze(claimed), freeze(law)) is not None


def test_the_meter_counts_peak_memory_and_operators():
    with Meter() as meter:
        for _ in range(10):
            step = torch.zeros(1000) + 1
        del step
        torch.ones(30, 50) @ torch.ones(50, 20)
    assert meter.operators["mm"] == 1
    assert meter.operators["zeros"] == 10
    assert meter.largest == 1500
    # Two vectors of the loop at once, never ten; then two factors and their product.
    assert 4 * (1500 + 1000 + 600) <= meter.peak_bytes <= 4 * (2000 + 1500 + 1000 + 600)


def test_views_cost_no_memory():
    x = torch.ones(10_000)
    with Meter() as meter:
        x.view(100, 100).T[3:7]
    assert meter.peak_bytes == 0


def test_calls_are_counted_with_their_notes():
    counted = Counted(lambda a, b: a + b, note=lambda a, b: b)
    assert counted(1, 2) + counted(3, 4) == 10
    assert (counted.calls, counted.notes) == (2, [2, 4])
