"""Mutants are one change each, all different, and none of them a change of words only."""

import ast

import pytest

from drills.catalogue import all_drills
from verifiers.mutate import mutants

SOURCE = '''
import torch

def f(x, eps=1e-5, causal=False):
    """Adds eps; 3 is a number in a text."""
    if causal and x.dim() > 1:
        raise ValueError(f"no {eps * 2}")
    total = 0
    for i in range(3):
        total += x.mean(-1, keepdim=True) / (i + 1)
    return total * eps
'''


def changes(source=SOURCE):
    return {mutant.change for mutant in mutants(source)}


@pytest.mark.parametrize(
    "change",
    [
        "i + 1 → i - 1",
        "total * eps → total / eps",
        "total * eps → total",
        "x.mean(-1, keepdim=True) → x.sum(-1, keepdim=True)",
        "x.mean(-1, keepdim=True) → x.mean(-1)",
        "range(3) → range(3 - 1)",
        "x.dim() > 1 → x.dim() >= 1",
        "causal and x.dim() > 1 → causal or x.dim() > 1",
        "True → False",
        "eps → 1e-05",
        "return total * eps → return (total * eps).detach()",
        "return total * eps → return (total * eps).float()",
        "raise ValueError(f'no {eps * 2}') → (removed)",
    ],
)
def test_makes(change):
    assert change in changes()


HEADER = "import torch\nimport numpy as np\ndef f(x, k, *, n: int, scale: float):\n"


@pytest.mark.parametrize(
    ("body", "change"),
    [
        # a scale dropped or changed, operands swapped
        ("return x * scale", "x * scale → x"),
        ("return x / scale", "x / scale → x * scale"),
        ("return x / scale", "x / scale → scale / x"),
        ("return x @ k", "x @ k → k @ x"),
        ("return 0.5 * x", "0.5 → 0.75"),
        # slices, ranges and loops off by one
        ("return x[n:]", "n: → n + 1:"),
        ("return x[n:]", "n: → n - 1:"),
        ("return x[:n]", ":n → :n - 1"),
        ("return x[1:]", "1 → 2"),
        ("return range(n)", "range(n) → range(n - 1)"),
        ("for i in x: print(i)", "for i in x: … → for i in list(x)[:-1]: …"),
        # the wrong axis, the kept dimension
        ("return x.sum(-1)", "x.sum(-1) → x.sum(-2)"),
        ("return x.sum(-1)", "x.sum(-1) → x.sum(0)"),
        ("return torch.sum(x, 1)", "torch.sum(x, 1) → torch.sum(x, -2)"),
        ("return x.sum(dim=0)", "x.sum(dim=0) → x.sum(dim=-1)"),
        ("return np.sum(x, axis=n)", "np.sum(x, axis=n) → np.sum(x, axis=0)"),
        ("return x.sum(0, keepdim=True)", "x.sum(0, keepdim=True) → x.sum(0)"),
        # statistics
        ("return x.mean()", "x.mean() → x.sum()"),
        ("return x.var(-1)", "x.var(-1) → x.var(-1, correction=0)"),
        (
            "return x.var(-1, unbiased=False)",
            "x.var(-1, unbiased=False) → x.var(-1, unbiased=True)",
        ),
        ("return x.std(correction=0)", "x.std(correction=0) → x.std(correction=1)"),
        ("return np.std(x)", "np.std(x) → np.std(x, ddof=1)"),
        # a parameter replaced by a constant
        ("return x + scale", "scale → 1"),
        ("return x[n]", "n → 2"),
        # what keeps numbers in bounds
        ("return x.clamp(0)", "x.clamp(0) → x"),
        ("return torch.clamp(x, 0)", "torch.clamp(x, 0) → x"),
        ("return max(x, 0)", "max(x, 0) → x"),
        ("return max(x, 0)", "max(x, 0) → 0"),
        ("return (x - x.amax(-1)).exp()", "x - x.amax(-1) → x"),
        # comparisons
        ("return x < n", "x < n → x <= n"),
        ("return x >= n", "x >= n → x > n"),
        # an input changed in place, the graph cut, precision lost
        ("return x + 1", "x + 1 → x.add_(1)"),
        ("return x / k", "x / k → x.div_(k)"),
        ("return x.masked_fill(k, 0)", "x.masked_fill(k, 0) → x.masked_fill_(k, 0)"),
        ("return x", "return x → return x.detach()"),
        ("return x", "return x → return x.float()"),
        # layout
        ("return x.repeat_interleave(n)", "x.repeat_interleave(n) → x.repeat(n)"),
    ],
)
def test_knows_the_ways_in_which_numeric_code_goes_wrong(body, change):
    assert change in changes(f"{HEADER}    {body}\n")


def test_changes_in_place_only_what_was_passed_in():
    assert not any("add_" in change for change in changes("import torch\ny = 1\nz = y + 1\n"))
    numbers_only = "import torch\ndef f(n: int):\n    return n + 1\n"
    assert not any("add_" in change for change in changes(numbers_only))


def test_leaves_texts_and_annotations_alone():
    for mutant in mutants(SOURCE):
        assert "Adds eps; 3 is a number" in mutant.source
        if "(removed)" not in mutant.change and "raise" in mutant.source:
            assert "no {eps * 2}" in mutant.source


def test_all_differ_from_the_source_and_from_each_other():
    texts = [mutant.source for mutant in mutants(SOURCE)]
    assert len(set(texts)) == len(texts)
    assert ast.unparse(ast.parse(SOURCE)) not in texts


@pytest.mark.parametrize("drill_id", all_drills())
def test_every_reference_has_enough_mutants_to_prove_something(drill_id):
    assert len(mutants(all_drills()[drill_id].reference)) >= 12
