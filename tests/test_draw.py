"""Inputs of checks: rounded to the dtype asked for, and no further."""

import torch

from verifiers.draw import Draw

NEARLY_ONE = 1.0 + 1e-12


def test_a_list_of_floats_keeps_its_digits_in_float64():
    assert Draw(0).tensor([1.0, NEARLY_ONE], torch.float64).tolist() == [1.0, NEARLY_ONE]


def test_the_exact_run_sees_the_values_as_the_dtype_rounds_them():
    values = [0.1, NEARLY_ONE]
    rounded = torch.tensor(values, dtype=torch.float64).to(torch.bfloat16)
    drawn = Draw(0, exact=True).tensor(values, torch.bfloat16)
    assert drawn.dtype == torch.float64
    assert drawn.tolist() == rounded.double().tolist()


def test_whole_numbers_and_truth_values_stay_what_they_are():
    assert Draw(0, exact=True).tensor([2**60 + 1], torch.int64).item() == 2**60 + 1
    assert Draw(0, exact=True).tensor(False, torch.bool).dtype == torch.bool
