"""Every computed key equals an independent computation of the same thing."""

import importlib
import inspect
import math
import random

import pytest

from question_bank.catalogue import question_paths, show_question
from question_bank.formula.equivalence import points
from question_bank.keys import compute_key
from question_bank.kinds.formula import Formula
from question_bank.kinds.numeric import Numeric
from question_bank.validator import DRAWS, load_all

QUESTIONS = [q for q in load_all(question_paths())[0] if isinstance(q.body, Numeric | Formula)]


@pytest.mark.parametrize("question", QUESTIONS, ids=[q.id for q in QUESTIONS])
def test_the_key_agrees_with_its_oracle(question):
    oracle = oracle_for(question.body.key)
    accepted = inspect.signature(oracle).parameters
    compared = 0
    for values in cases(question):
        try:
            key = compute_key(question.body.key, values).value
        except ValueError:
            continue
        expected = oracle(**{name: value for name, value in values.items() if name in accepted})
        assert math.isclose(key, expected, rel_tol=1e-9, abs_tol=1e-12), values
        compared += 1
    assert compared


def oracle_for(name):
    module, _, function = name.partition(".")
    return getattr(importlib.import_module(f"key_oracles.{module}"), function)


def cases(question):
    """The numbers of 200 draws, the fixed ones, or points of the symbols' domains."""
    body = question.body
    if isinstance(body, Formula):
        whole = {name for name, symbol in body.symbols.items() if symbol.domain.integer}
        for point in points(body.domains):
            yield {n: int(x) if n in whole else float(x) for n, x in point.items()}
    elif question.parametrised:
        yield from (show_question(question, seed).drawn for seed in range(DRAWS))
    else:
        yield body.values


def test_an_oracle_is_not_the_key_under_another_name():
    for question in QUESTIONS:
        source = inspect.getsource(oracle_for(question.body.key))
        assert "question_bank" not in source, question.id


def test_draws_differ_from_seed_to_seed_and_return_with_their_seed():
    rng = random.Random(5)
    for question in QUESTIONS:
        if question.parametrised:
            seeds = rng.sample(range(10_000), 20)
            prompts = {show_question(question, seed).prompt for seed in seeds}
            assert len(prompts) > 10, question.id
            assert show_question(question, 7) == show_question(question, 7)
