"""Properties of the comparison: no tree that differs is accepted, none that is alike refused.

A tree of every kind of value is drawn and changed in one place. Some changes must be noticed
wherever they are made, others must be forgiven.
"""

from __future__ import annotations

import collections
import enum
import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from verifiers.compare import compare_case, largest_value
from verifiers.describe import describe_kind
from verifiers.tolerance import Allowance
from verifiers.tree import Array, OnDevice, Opaque, decode, encode, freeze

HUGE = 10**400  # larger than any float
GIGANTIC = 10**5000  # more digits than Python is willing to print
FLOATING = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
WHOLE = [torch.int64, torch.int32, torch.uint8, torch.bool]
SHAPES = [(), (1,), (2,), (1, 1), (2, 3), (3, 1), (0,), (2, 0)]

numbers = (
    st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([2**63, -(2**70), HUGE])
    | st.floats()
    | st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf, 1e-320])
)
hashed = numbers | st.text(max_size=3)
hashed = hashed | st.tuples(hashed, hashed)


@st.composite
def tensors(draw, dtypes):
    dtype, shape = draw(st.sampled_from(dtypes)), draw(st.sampled_from(SHAPES))
    element = st.floats(width=32) if dtype.is_floating_point else st.integers(0, 3)
    size = math.prod(shape)
    values = draw(st.lists(element, min_size=size, max_size=size))
    return torch.tensor(values, dtype=torch.float64).to(dtype).reshape(shape)


arrays = tensors([torch.float64, torch.float32, torch.int64, torch.bool]).map(
    lambda tensor: tensor.numpy()
)
scalars = arrays.filter(lambda array: array.size == 1).map(lambda array: array.reshape(-1)[0])
leaves = st.none() | hashed | tensors(FLOATING + WHOLE) | arrays | scalars
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(hashed, inner, max_size=3)
        | st.sets(hashed, max_size=3)
    ),
    max_leaves=8,
)


def differs(observed, expected):
    wanted = freeze(expected)
    return compare_case(decode(encode(observed)), wanted, wanted, Allowance())


def places(tree, path=()):
    """Every node with the way to it; not the items of sets, which have no place."""
    yield path, tree
    if isinstance(tree, list | tuple):
        for index, item in enumerate(tree):
            yield from places(item, (*path, index))
    elif isinstance(tree, dict):
        for key, item in tree.items():
            yield from places(item, (*path, key))


def replaced(tree, path, value):
    if not path:
        return value
    first, *rest = path
    if isinstance(tree, dict):
        return {k: replaced(v, rest, value) if k is first else v for k, v in tree.items()}
    items = [replaced(v, rest, value) if i == first else v for i, v in enumerate(tree)]
    return type(tree)(items)


# Changes that must be noticed. Each yields what may stand in a value's place.


def other_elements(element, step):
    if isinstance(element, bool):
        return [not element]
    if isinstance(element, int):
        return [element + 1]
    return [element + step, math.nan, -math.inf] if math.isfinite(element) else [0.0, 1.0]


def other_value(value, size):
    step = max(1.0, 0.5 * size)
    if isinstance(value, torch.Tensor) and value.numel():
        for index in (0, value.numel() - 1):
            for new in other_elements(value.view(-1)[index].item(), step):
                wrong = value.clone()
                wrong.view(-1)[index] = torch.tensor(new, dtype=torch.float64).to(value.dtype)
                yield wrong
    elif isinstance(value, np.ndarray):
        yield from (t.numpy() for t in other_value(torch.from_numpy(value), size))
    elif isinstance(value, np.generic):
        yield from (array.reshape(())[()] for array in other_value(np.array(value), size))
    elif isinstance(value, bool) or value is None:
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, -value - 1, HUGE if value != HUGE else 0)
    elif isinstance(value, float):
        yield from ([value + step, math.nan, math.inf, HUGE] if math.isfinite(value) else [0.0, -1])
    elif isinstance(value, str):
        yield from (value + "x", None, value.encode())
    elif isinstance(value, tuple | list):
        yield from ([*value, None], list(value[1:]) if value else [0], set(range(len(value))))
    elif isinstance(value, dict):
        yield from ({**value, "another key": 1}, list(value.items()))
    elif isinstance(value, set | frozenset):
        yield from (value | {"another item"}, sorted(value, key=repr))


def other_type(value, size):
    if isinstance(value, torch.Tensor):
        float_to = {torch.float64: torch.float32, torch.float32: torch.bfloat16}
        yield value.to(float_to.get(value.dtype, torch.float64))
        yield value.to(torch.complex64)
        yield value.reshape(1) if value.dim() == 0 else value.unsqueeze(0)
        yield value.tolist()
        if value.dim() == 2 and value.shape[0] != value.shape[1]:
            yield value.T
        if value.shape == (1,):
            yield value.reshape(())
        if value.dtype != torch.bfloat16:
            yield value.numpy()
    elif isinstance(value, np.ndarray):
        yield from (torch.from_numpy(value), value.astype(np.complex64), value.tolist())
        yield from (value[None], value != 0 if value.dtype != np.bool_ else value.astype(np.int32))
    elif isinstance(value, np.generic):
        yield from (np.array([value]), torch.tensor(value.item()), str(value), complex(value))
    elif isinstance(value, bool):
        yield from (int(value), float(value), str(value))
    elif isinstance(value, int) and abs(value) < 2**53:
        yield from (float(value), str(value), complex(value), [value], torch.tensor(value))
        if value in (0, 1):
            yield bool(value)
    elif isinstance(value, float):
        yield from (repr(value), complex(value), [value], torch.tensor(value))
        if value in (0, 1):
            yield bool(value)
    elif isinstance(value, dict):
        for key in (key for key in value if type(key) in (bool, int) and key in (0, 1)):
            other = int(key) if type(key) is bool else bool(key)
            yield {other if k is key else k: v for k, v in value.items()}
    elif isinstance(value, set | frozenset):
        for item in (item for item in value if type(item) in (bool, int) and item in (0, 1)):
            yield {int(item) if type(item) is bool else bool(item), *(value - {item})}


class Text(str):
    def __eq__(self, other):
        return False

    __hash__ = str.__hash__


def same(value, size):
    """Changes that must be forgiven."""
    yield value
    if isinstance(value, torch.Tensor):
        yield torch.nn.Parameter(value, requires_grad=value.is_floating_point())
        if value.dim() == 2:
            yield value.T.contiguous().T  # the same values, laid out otherwise
        if value.is_floating_point():
            yield torch.where(value == 0, -value, value)
    elif isinstance(value, np.generic):
        return
    elif isinstance(value, bool):
        yield np.bool_(value)
    elif isinstance(value, int) and abs(value) < 2**53:
        yield np.int64(value)
        yield enum.IntEnum("Number", {"IT": value}).IT
    elif isinstance(value, float):
        yield from (np.float64(value), value * (1 + 4e-16), -value if value == 0 else value)
        if math.isfinite(value) and value.is_integer():
            yield int(value)
    elif isinstance(value, str):
        yield Text(value)
    elif isinstance(value, list):
        yield tuple(value)
    elif isinstance(value, tuple):
        yield list(value)
    elif isinstance(value, dict):
        yield dict(reversed(value.items()))
        yield collections.OrderedDict(value)
        yield {np.int32(k) if type(k) is int and abs(k) < 9 else k: v for k, v in value.items()}
    elif isinstance(value, set | frozenset):
        yield frozenset(value)
        yield {np.float64(item) if type(item) is float else item for item in value}


def changed_once(data, change):
    """A tree, and the same tree changed in one place."""
    tree = data.draw(trees)
    size = largest_value(freeze(tree))
    assume(size < 1e300)  # so that a step is a number
    choices = [(p, new) for p, value in places(tree) for new in change(value, size)]
    assume(choices)
    path, new = data.draw(st.sampled_from(choices))
    return tree, replaced(tree, path, new)


@pytest.mark.parametrize("change", [other_value, other_type])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_change_is_noticed_wherever_it_is(change, data):
    expected, observed = changed_once(data, change)
    found = differs(observed, expected)
    assert found is not None, (expected, observed)
    assert len(str(found)) < 2000


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_is_alike_is_forgiven_wherever_it_is(data):
    expected, observed = changed_once(data, same)
    assert differs(observed, expected) is None, (expected, observed)


# Whatever a forged result holds

nonsense = st.recursive(
    trees.map(freeze) | st.just(Opaque("a lie")),
    lambda inner: st.dictionaries(
        st.sampled_from(["raised", "message", "line", "returned", "gradients", "inputs changed"]),
        inner | st.sampled_from([[], [1], ["ValueError"], [["ValueError"]], {"x": 1}, "x"]),
    ),
    max_leaves=6,
)
OUTCOMES = [
    {"returned": torch.ones(2), "inputs changed": []},
    {"returned": 0.5, "gradients": {"x": torch.ones(2), "y": None}, "inputs changed": ["x"]},
    {"raised": ["ValueError", "Exception"], "message": "no", "line": 3, "inputs changed": []},
    math.nan,
    [1, {"a": {2, 0.5}}],
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=str)
@settings(max_examples=50, deadline=None)
@given(observed=nonsense)
def test_no_outcome_whatever_breaks_the_comparison(outcome, observed):
    wanted = freeze(outcome)
    found = compare_case(observed, wanted, wanted, Allowance())
    assert found is None or len(str(found)) < 2000


@settings(max_examples=100, deadline=None)
@given(nonsense)
def test_every_value_can_be_described_in_a_line(value):
    text = describe_kind(value)
    assert len(text) < 1500
    assert "\n" not in text


@pytest.mark.parametrize("expected", [1, True, 0.5, math.nan, "text", None, [1], {1: 2}, {3}])
def test_an_integer_that_cannot_be_printed_is_told_apart(expected):
    for observed in (GIGANTIC, [GIGANTIC], {GIGANTIC: 1}, {GIGANTIC}):
        assert len(str(differs(observed, expected))) < 300


@pytest.mark.parametrize("form", [OnDevice, Array])
def test_a_dtype_without_a_rule_of_its_own_is_told_apart_and_not_fatal(form):
    tiny = form(torch.ones(2, dtype=torch.float8_e5m2))
    wanted = form(torch.ones(2))
    assert compare_case(tiny, wanted, wanted, Allowance()) is not None
