"""The numbers in the decoding figures, against torch, transformers and brute force."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
import torch
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from topics import catalogue
from topics.decoding import figures_penalties, figures_speculative
from topics.decoding.beam import END, Hypothesis, StoredModel, search, stored
from topics.decoding.distribution import NextWord, contexts

FIGURES = catalogue.figures("decoding")
CONTEXTS = list(contexts())
SALT = 10  # a made-up model on which widths 1 and 2 both miss the best sentence


def unrolled(word: NextWord) -> torch.Tensor:
    """One logit per word of the vocabulary, groups written out; (1, vocabulary)."""
    return torch.tensor(np.repeat(word.logits, word.counts.astype(int)))[None]


@pytest.mark.parametrize("context", CONTEXTS)
def test_stored_probabilities_are_a_distribution_over_the_whole_vocabulary(context: str) -> None:
    word = contexts()[context]
    assert word.counts.sum() == stored()["words"] == 72_546
    assert (word.counts * np.exp(word.logits)).sum() == pytest.approx(1, abs=1e-3)
    assert (np.diff(word.logits) <= 0).all()


@pytest.mark.parametrize("temperature", [0.25, 0.7, 1.0, 2.0])
@pytest.mark.parametrize("context", CONTEXTS)
def test_temperature_agrees_with_torch(context: str, temperature: float) -> None:
    word = contexts()[context]
    p = word.at_temperature(temperature)
    expected = torch.softmax(unrolled(word)[0] / temperature, dim=-1)
    np.testing.assert_allclose(np.repeat(p, word.counts.astype(int)), expected, rtol=1e-9)
    entropy = torch.distributions.Categorical(probs=expected).entropy() / math.log(2)
    assert word.entropy(p) == pytest.approx(float(entropy), rel=1e-4)


def test_temperature_zero_is_greedy() -> None:
    p = contexts()["a cup of"].at_temperature(0)
    assert p[0] == 1
    assert p[1:].sum() == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("top_k", k) for k in (1, 40, 5000)),
        *(("top_p", p) for p in (0.05, 0.5, 0.9, 0.99)),
        *(("min_p", share) for share in (0.0, 0.05, 0.5)),
    ],
)
@pytest.mark.parametrize("context", CONTEXTS)
def test_filters_keep_as_many_words_as_transformers_does(
    context: str, name: str, value: float
) -> None:
    word = contexts()[context]
    p = word.at_temperature(1.0)
    logits = unrolled(word)
    if name == "top_k":
        kept, warper = word.top_k(int(value)), TopKLogitsWarper(int(value))
    elif name == "top_p":
        kept, warper = word.top_p(p, value), TopPLogitsWarper(value)
    else:
        kept, warper = word.min_p(p, value), MinPLogitsWarper(value)
    expected = int(torch.isfinite(warper(torch.zeros(1, 1, dtype=torch.long), logits)).sum())
    if name == "top_k":
        # transformers keeps every word that ties with the k-th; the figure stops at k.
        assert kept.sum() == value
        assert expected >= value
    else:
        assert kept.sum() == expected


def test_penalties_agree_with_the_formulas() -> None:
    before = torch.tensor(figures_penalties.LOGITS)[None]
    said = torch.tensor([[0, 0, 0, 1, 1, 2]])
    expected = RepetitionPenaltyLogitsProcessor(1.3)(said, before)[0].numpy()
    assert figures_penalties.penalised(0, 0, 1.3) == pytest.approx(expected)
    both = figures_penalties.penalised(0.5, 0.2, 1.0)
    assert both == pytest.approx([3 - 1.5 - 0.2, 2 - 1 - 0.2, -0.5 - 0.5 - 0.2, 1, 0])


class Tiny:
    """A made-up model over three words and the end mark, with full rows."""

    def continuations(self, previous: str, last: str) -> tuple[tuple[str, float], ...]:
        rng = np.random.default_rng(SALT + 2 * ord(previous) + 3 * ord(last))
        logs = np.log(rng.dirichlet(np.ones(4)))
        return tuple(
            sorted(zip("abc" + "#", logs, strict=True), key=lambda pair: -pair[1])
        )  # "#" stands for a word too: nothing ends here


def test_a_wide_enough_beam_finds_the_best_of_all_sentences() -> None:
    model, steps = Tiny(), 4

    def total(words: tuple[str, ...]) -> float:
        text = ("a", "b", *words)
        return sum(
            dict(model.continuations(text[i], text[i + 1]))[text[i + 2]] for i in range(steps)
        )

    best = max(map(total, itertools.product("abc#", repeat=steps)))
    assert search(model, ("a", "b"), 64, steps)[0].log_probability == pytest.approx(best)
    assert search(model, ("a", "b"), 2, steps)[0].log_probability < best - 0.1


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("start", ["as a", "a cup", "she opened", "there is"])
def test_beam_hypotheses_add_up_and_end_once(start: str, width: int) -> None:
    begin = tuple(start.split())
    found = search(StoredModel(), begin, width, 8)
    assert sum(not one.finished for one in found) == width
    for one in found:
        text = begin + one.words
        logs = [
            dict(StoredModel().continuations(*text[i : i + 2]))[text[i + 2]]
            for i in range(len(one.words))
        ]
        assert one.log_probability == pytest.approx(sum(logs))
        assert END not in one.words[:-1]


def test_length_penalty_is_the_one_of_transformers() -> None:
    one = Hypothesis(("of", "tea", END), -2.65)
    assert one.score(0) == -2.65
    assert one.score(1) == pytest.approx(-2.65 / 3)


def test_tea_beats_coffee_only_with_a_beam() -> None:
    beam = FIGURES["beam"]
    greedy = beam.draw(start="a cup", width=1, steps=3, length_penalty=0.0)
    wide = beam.draw(start="a cup", width=2, steps=3, length_penalty=0.0)
    assert "Best of the beam: “a cup of coffee [end]”" in greedy.text
    assert "Best of the beam: “a cup of tea [end]”" in wide.text
    model = StoredModel()
    steps = [("a cup", "of"), ("cup of", "tea"), ("of tea", END)]
    p = [math.exp(dict(model.continuations(*c.split()))[word]) for c, word in steps]
    assert [round(x, 3) for x in p] == [0.672, 0.338, 0.310]


def test_speculative_acceptance_and_yield_agree_with_simulation() -> None:
    draft = 0.5 * figures_speculative.TARGET + 0.5 * figures_speculative.WORST_DRAFT
    target = figures_speculative.TARGET
    alpha = figures_speculative.acceptance(draft)
    rng = np.random.default_rng(0)
    tokens = rng.choice(len(draft), size=(40_000, 4), p=draft)
    accepted = rng.random(tokens.shape) < target[tokens] / draft[tokens]
    assert accepted.mean() == pytest.approx(alpha, abs=0.005)
    run = np.cumprod(accepted, axis=1).sum(axis=1) + 1
    expected = figures_speculative.tokens_per_run(alpha, np.array([4]))[0]
    assert run.mean() == pytest.approx(expected, abs=0.02)
    assert figures_speculative.tokens_per_run(1.0, np.array([4]))[0] == 5


def test_numbers_that_the_lesson_quotes_are_what_the_figures_say() -> None:
    text = (catalogue.ROOT / "decoding" / "lesson.md").read_text()
    word = contexts()["a cup of"]
    p = word.at_temperature(1.0)
    quoted = {
        "17.6 %": f"{1 - p[:16].sum():.1%}",
        "76 %": f"{1 - word.at_temperature(1.5)[:16].sum():.0%}",
        "99.4 %": f"{(word.top_k(40) * word.at_temperature(0.7)).sum():.1%}",
        "31,892": f"{word.top_p(word.at_temperature(2.0), 0.9).sum():,.0f}",
        "keeps 65 words": f"keeps {word.top_p(p, 0.9).sum():.0f} words",
        "1,862": f"{kept_at('she opened the'):,.0f}",
        "335": f"{kept_at('i want to'):,.0f}",
    }
    for said, computed in quoted.items():
        assert re.search(re.escape(said), text), said
        assert computed == said.replace(" %", "%"), said


def kept_at(context: str) -> float:
    word = contexts()[context]
    return float(word.top_p(word.at_temperature(1.0), 0.9).sum())
