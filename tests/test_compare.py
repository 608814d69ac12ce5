"""The comparison accepts what rounding explains and nothing else."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verifiers.compare import compare, compare_case
from verifiers.tolerance import Allowance, tolerance
from verifiers.tree import Opaque, freeze


def differs(observed, expected, exact=None, **allowance):
    exact = expected if exact is None else exact
    return compare(freeze(observed), freeze(expected), freeze(exact), Allowance(**allowance))


def outcome(returned, **more):
    return {"returned": returned, "inputs changed": [], **more}


def case_differs(observed, expected, **allowance):
    return compare_case(
        freeze(observed), freeze(expected), freeze(expected), Allowance(**allowance)
    )


floats = st.floats(allow_nan=True, allow_infinity=True, width=32)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.lists(floats, max_size=4).map(lambda v: torch.tensor(v, dtype=torch.float32))
    | st.lists(st.integers(-9, 9), max_size=4).map(lambda v: np.array(v, dtype=np.int32)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(plain)
def test_every_tree_equals_itself(tree):
    assert differs(tree, tree) is None


@settings(max_examples=500, deadline=None)
@given(plain, plain)
def test_accepts_a_pair_of_trees_only_where_a_plain_walk_finds_them_equal(first, second):
    if differs(first, second) is None:
        assert plainly_alike(first, second)


def plainly_alike(a, b):
    """A slow and obvious comparison, with an allowance that is wider than the engine's."""
    if isinstance(b, torch.Tensor | np.ndarray):
        x, y = torch.as_tensor(a).double(), torch.as_tensor(b).double()
        same_kind = type(a) is type(b) and a.dtype == b.dtype and x.shape == y.shape
        largest = max((abs(q) for q in y.tolist() if math.isfinite(q)), default=0.0)
        pairs = zip(x.tolist(), y.tolist(), strict=same_kind)
        return same_kind and all(near(p, q, largest) for p, q in pairs)
    if isinstance(b, list):
        return len(a) == len(b) and all(map(plainly_alike, a, b))
    if isinstance(b, dict):
        return a.keys() == b.keys() and all(plainly_alike(a[k], b[k]) for k in b)
    if isinstance(b, float):
        return type(a) in (int, float) and near(a, b)
    return type(a) is type(b) and a == b


def near(x, y, largest=0.0):
    """Rounding is measured by the largest element, as a sum is by its largest term."""
    if math.isnan(x) or math.isnan(y) or math.isinf(x) or math.isinf(y):
        return x == y or (math.isnan(x) and math.isnan(y))
    return abs(x - y) <= 1e-5 * max(abs(x), abs(y), largest)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=6),
    st.data(),
    st.sampled_from([torch.float64, torch.float32, torch.float16, torch.bfloat16]),
)
def test_one_element_beyond_the_allowance_is_always_found(values, data, dtype):
    exact = torch.tensor(values, dtype=torch.float64) / 1e3
    native = exact.to(dtype)
    limit = tolerance(native, exact, Allowance())
    index = data.draw(st.integers(0, len(values) - 1))
    wrong = exact.clone()
    size = max(exact.abs().max().item(), 1e-3)
    wrong[index] += 3 * limit + 8 * torch.finfo(dtype).eps * size
    found = compare(freeze(wrong.to(dtype)), freeze(native), freeze(exact))
    assert found is not None
    assert "expected" in str(found)


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (torch.ones(3), torch.ones(2)),
        (torch.ones(3, 1), torch.ones(3)),
        (torch.ones(1), torch.ones(())),
        (torch.ones(()), torch.ones(1)),
        (torch.ones(1, 1), torch.ones(1)),
        (np.ones(1), np.float64(1)),
        (torch.ones(2), torch.ones(2, dtype=torch.float64)),
        (torch.ones(2), np.ones(2, dtype=np.float32)),
        (np.ones(2), np.ones(2, dtype=np.float32)),
        (torch.tensor([1, 2]), torch.tensor([1, 3])),
        (torch.tensor([True]), torch.tensor([False])),
        (torch.tensor([math.nan]), torch.tensor([1.0])),
        (torch.tensor([math.inf]), torch.tensor([-math.inf])),
        (torch.tensor([1.0]), torch.tensor([math.nan])),
        (torch.tensor([1e30]), torch.tensor([math.inf])),
        (1, True),
        (True, 1),
        (1.0, 1),
        ("1", 1),
        (None, 0),
        ([1, 2], [1, 2, 3]),
        ([2, 1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1, "b": 2}, {"a": 1}),
        (float("nan"), 0.0),
        (10**400, 1.0),
        ({1, 2}, {1, 3}),
        ({1, 2}, {1, 2, 3}),
        ({1}, {True}),
        ({1.5}, {1.25}),
        ({True: 0}, {1: 0}),
        ({(1, False): 0}, {(1, 0): 0}),
    ],
)
def test_tells_apart(observed, expected):
    assert differs(observed, expected) is not None


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        ((1, 2), [1, 2]),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (2, 2.0),
        (torch.nn.Parameter(torch.ones(2)), torch.ones(2)),
        (torch.empty(0, 3), torch.zeros(0, 3)),
        (float("nan"), float("nan")),
        (-math.inf, -math.inf),
        (0.1 + 0.2, 0.3),
        ({2, 1}, {1, 2}),
        ({0.1 + 0.2, float("nan")}, {0.3, float("nan")}),
        ({(1, 0.1 + 0.2)}, {(1, 0.3)}),
        ({float("nan"): 1}, {float("nan"): 1}),
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}),
    ],
)
def test_forgives(observed, expected):
    assert differs(observed, expected) is None


def test_an_int_for_a_float_is_noticed_when_strict():
    assert differs(2, 2.0, strict=True) is not None


def test_what_cannot_be_compared_equals_nothing():
    assert differs(iter([1]), 1) is not None
    assert compare(Opaque("a generator"), freeze([1]), freeze([1])) is not None


def test_a_subclass_of_tensor_is_not_a_tensor():
    class Lying(torch.Tensor):
        def __eq__(self, other):
            return torch.tensor(True)

    wrong = torch.zeros(2).as_subclass(Lying)
    assert "Lying" in str(differs(wrong, torch.zeros(2)))


def test_a_list_that_lies_about_its_items_shows_what_it_holds():
    class Lying(list):
        def __iter__(self):
            return iter([1, 2])

    assert differs(Lying([3, 4]), [1, 2]) is not None


def test_forgives_the_error_that_the_reference_itself_makes():
    exact = torch.tensor([1.0], dtype=torch.float64)
    native = torch.tensor([1.001])
    assert differs(torch.tensor([1.003]), native, exact) is None
    assert differs(torch.tensor([1.006]), native, exact) is not None


def test_float32_digits_do_not_pass_for_float64():
    exact = torch.linspace(0.1, 1.0, 7, dtype=torch.float64)
    assert differs(exact.float().double(), exact) is not None


def test_the_size_of_the_terms_widens_the_allowance():
    near = torch.tensor([1.0001])
    assert differs(near, torch.tensor([1.0])) is not None
    assert differs(near, torch.tensor([1.0]), scale=1e3) is None


def test_an_unexpected_exception_is_reported_with_its_line():
    wrong = {"raised": ["TypeError"], "message": "no", "line": 7, "inputs changed": []}
    assert "TypeError in line 7: no" in str(case_differs(wrong, outcome(1)))


def test_a_subclass_of_the_expected_exception_is_right():
    expected = {"raised": ["ValueError"], "message": "", "line": 1, "inputs changed": []}
    finer = {"raised": ["Mine", "ValueError"], "message": "x", "line": 9, "inputs changed": []}
    other = {"raised": ["TypeError"], "message": "x", "line": 9, "inputs changed": []}
    assert case_differs(finer, expected) is None
    assert case_differs(other, expected) is not None
    assert case_differs(outcome(3), expected) is not None


def test_a_missing_gradient_is_named():
    expected = outcome(torch.ones(2), gradients={"k": torch.ones(2)})
    cut = outcome(torch.ones(2), gradients={"k": None})
    assert "gradient of k" in str(case_differs(cut, expected))


def test_a_changed_input_is_named():
    changed = {"returned": 1, "inputs changed": ["x"]}
    assert "changed its input x" in str(case_differs(changed, outcome(1)))


def test_the_first_wrong_index_is_given():
    wrong = torch.zeros(2, 3)
    wrong[1, 2] = 5.0
    text = str(differs(wrong, torch.zeros(2, 3)))
    assert "[1, 2]" in text
    assert "expected 0, got 5" in text
    assert "1 of 6" in text
