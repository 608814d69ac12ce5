"""Results cross the boundary as data, whatever they are, and foreign bytes do no harm."""

import dataclasses
import json
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verifiers.tree import (
    MAX_INDEX,
    MAX_NODES,
    MAX_STRUCTURE,
    MAX_TENSORS,
    MAX_TEXT,
    Array,
    FrameError,
    OnDevice,
    Opaque,
    decode,
    encode,
    freeze,
    identical,
)


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


def framed(structure: bytes, tensors: bytes = struct.pack("<Q", 2) + b"{}") -> bytes:
    return struct.pack("<Q", len(structure)) + structure + tensors


def test_more_than_is_ever_sent_is_refused_before_it_is_built():
    brackets = b"[" + b"[]," * (MAX_STRUCTURE // 3) + b"[]]"
    with pytest.raises(FrameError, match="larger than any"):
        decode(framed(brackets))
    with pytest.raises(FrameError, match="larger than any"):
        decode(framed(b"[]", struct.pack("<Q", MAX_INDEX + 1) + b" " * (MAX_INDEX + 1)))


def test_the_largest_result_that_is_sent_fits_into_what_is_read():
    text = "\0" * (MAX_TEXT - 1)  # escaped, it is six times as long
    numbers = [[-2.2250738585072014e-308]] * (MAX_NODES // 2 - 2)
    frame = encode([text, numbers])
    assert len(frame) < MAX_STRUCTURE
    assert decode(frame) == [text, numbers]
    many = [torch.zeros(())] * MAX_TENSORS
    assert len(decode(encode(many))) == MAX_TENSORS


@pytest.mark.parametrize(
    "value",
    [
        "x" * (MAX_TEXT + 1),
        16 ** (MAX_TEXT + 1),
        torch.nested.nested_tensor([torch.ones(1), torch.ones(2)], layout=torch.jagged),
        torch.ones(2, dtype=torch.float8_e4m3fn).view(torch.uint8).view(torch.float8_e8m0fnu),
    ],
    ids=["text", "int", "nested", "dtype"],
)
def test_what_would_break_or_flood_the_channel_becomes_opaque(value):
    assert isinstance(decode(encode(value)), Opaque)


def test_too_many_tensors_are_opaque():
    assert "too many tensors" in str(freeze([torch.zeros(())] * (MAX_TENSORS + 1))[-1])


class Liar(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")


class Impostor(metaclass=Liar):
    __class__ = list


class EndlessSet(set):
    def __iter__(self):
        while True:
            yield 1


class Number(int):
    def __index__(self):
        return 7

    __int__ = __index__


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Impostor(), Opaque("a value of type Impostor")),
        (EndlessSet({1, 2}), frozenset({1, 2})),
        (Number(3), 3),
        ({np.int64(3): 1, (np.float32(0.5), "x"): 2}, {3: 1, (0.5, "x"): 2}),
        ({np.bool_(True)}, frozenset({True})),
    ],
)
def test_values_show_what_they_really_hold(value, shown):
    assert freeze(value) == shown


def test_identical_trees_agree_to_the_last_bit():
    def tree(value: float = 1.0, dtype: torch.dtype = torch.float32, count: int = 2) -> dict:
        return freeze({"a": torch.full((2,), value, dtype=dtype), "b": [count, "text"]})

    assert identical(tree(), tree())
    assert not identical(tree(), tree(1.0 + 2**-23))
    assert not identical(tree(), tree(dtype=torch.float64))
    assert not identical(tree(), tree(count=3))
    assert not identical(tree()["b"], tuple(tree()["b"]))
    assert not identical(freeze(1), freeze(True))
    assert not identical(freeze({"a": 1, "b": 2}), freeze({"b": 1, "a": 2}))
    assert not identical(freeze({1: 0}), freeze({True: 0}))
    assert not identical(freeze({1}), freeze({True}))
    assert not identical(freeze(np.ones(1)), freeze(torch.ones(1, dtype=torch.float64)))
    assert not identical(freeze(np.float64(1)), freeze(np.array(1.0)))
    assert not identical(freeze(object()), freeze(object()))
    one = freeze(torch.ones(1))
    assert not identical(one, dataclasses.replace(one, device="cuda"))
