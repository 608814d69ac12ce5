"""Results cross the boundary as data, whatever they are, and foreign bytes do no harm."""

import json
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verifiers.tree import Array, FrameError, OnDevice, Opaque, decode, encode, freeze


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -(10**40), 0.1, float("inf"), "é\ud800", [], (1, [2]), {"a": {1: 2.5}}, ""],
)
def test_plain_values_come_back_as_they_were(value):
    assert decode(encode(value)) == value


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int8, torch.bool])
def test_tensors_come_back_with_dtype_and_shape(dtype):
    tensor = torch.tensor([[0, 1, 1]]).to(dtype).T
    back = decode(encode([tensor, tensor]))[1]
    assert isinstance(back, OnDevice)
    assert back.values.dtype == dtype
    assert torch.equal(back.values, tensor)


def test_numpy_scalars_and_arrays_are_told_apart():
    scalar, array = decode(encode([np.float32(1.5), np.ones((2, 0), dtype=">f4")]))
    assert isinstance(scalar, Array)
    assert scalar.scalar
    assert isinstance(array, Array)
    assert array.values.shape == (2, 0)


@pytest.mark.parametrize(
    "value",
    [
        iter([1]),
        object(),
        lambda: 1,
        np.array([object()]),
        np.array(["text"]),
        torch.eye(2).to_sparse(),
        torch.ones(2, device="meta"),
        torch.ones(2, dtype=torch.complex64),
        b"bytes",
        1j,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_data_becomes_opaque(value):
    assert isinstance(decode(encode(value)), Opaque)


def test_a_structure_that_contains_itself_ends():
    loop: list = []
    loop.append(loop)
    assert "too deep" in str(freeze(loop))


def test_an_enormous_structure_is_cut():
    assert "too large" in repr(freeze([0] * 300_000))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(data):
    with pytest.raises(FrameError):
        decode(data)


@pytest.mark.parametrize(
    "structure",
    [
        ["tensor", "9", "cpu"],
        ["nonsense", 1],
        ["int", "zz"],
        [1],
        ["dict", [[["list", []], 1]]],
        {},
    ],
)
def test_well_formed_json_that_means_nothing_is_refused(structure):
    text = json.dumps(structure).encode()
    empty = struct.pack("<Q", 2) + b"{}"
    with pytest.raises(FrameError):
        decode(struct.pack("<Q", len(text)) + text + empty)


def test_endless_nesting_is_refused():
    text = b"[" * 100_000
    with pytest.raises(FrameError):
        decode(struct.pack("<Q", len(text)) + text)
