"""The kinds of question, one module each, and the few functions that every kind offers.

A kind reads its part of the file into a body, shows it for a seed, reads an answer typed in a
terminal, grades an answer, and lists what the validator finds wrong with a question.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Protocol

from question_bank.grade import Grade
from question_bank.kinds import choice, formula, match, numeric, open_answer, order, output, spot
from question_bank.markup import Document
from question_bank.question import Answer, Question, Shown


class Kind(Protocol):
    """What a module of this package offers."""

    def read(self, document: Document) -> Any: ...
    def show(self, question: Question, seed: int, rng: random.Random) -> Shown: ...
    def answer_from_text(self, shown: Shown, text: str) -> Answer: ...
    def grade(self, shown: Shown, answer: Any) -> Grade: ...
    def right_answer(self, shown: Shown) -> Answer: ...
    def problems(self, question: Question) -> Iterator[str]: ...


KINDS: dict[str, Kind] = {
    "single": choice,
    "multiple": choice,
    "numeric": numeric,
    "parametrised": numeric,
    "formula": formula,
    "order": order,
    "match": match,
    "output": output,
    "spot": spot,
    "open": open_answer,
}
