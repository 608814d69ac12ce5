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
