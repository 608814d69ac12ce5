"""Order: items in the file stand in the right order and are shown shuffled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from question_bank.grade import Grade, Part, unreadable
from question_bank.kinds.common import (
    check_bullets,
    chosen_numbers,
    empty_reasons,
    shuffled_apart,
)
from question_bank.markup import Bullet, Document
from question_bank.messages import note
from question_bank.question import Question, Shown


@dataclass(frozen=True)
class Order:
    """The items in their right order, each with the reason for its place."""

    items: tuple[Bullet, ...]


def read(document: Document) -> Order:
    """Read `## Items`. Raises SchemaError."""
    items = document.bullets("Items")
    check_bullets(document, "Items", items, 3, 8, reasons=True)
    return Order(items)


def show(question: Question, seed: int, rng: random.Random) -> Shown:
    """The items shuffled, never in the right order to begin with."""
    order = shuffled_apart(len(question.body.items), rng)
    choices = tuple(question.body.items[i].text for i in order)
    return Shown(question, seed, question.prompt, question.explanation, choices, order)


def answer_from_text(shown: Shown, text: str) -> tuple[int, ...]:
    """`3 1 2` as the shown items in the learner's order, from 0. Raises AnswerError."""
    return chosen_numbers(text, len(shown.choices))


def right_answer(shown: Shown) -> tuple[int, ...]:
    """The shown indices in the right order."""
    return tuple(sorted(range(len(shown.order)), key=lambda i: shown.order[i]))


def grade(shown: Shown, answer: tuple[int, ...]) -> Grade:
    """Score: the share of pairs that stand in the right relation (Kendall), less chance."""
    count = len(shown.choices)
    if sorted(answer) != list(range(count)):
        return unreadable(note("order_incomplete", count=count))
    places = [shown.order[i] for i in answer]
    agreeing = [a < b for a, b in combinations(places, 2)]
    score = max(0.0, 2 * sum(agreeing) / len(agreeing) - 1)
    correct = places == sorted(places)
    items: tuple[Bullet, ...] = shown.question.body.items
    parts = tuple(
        Part(item.text, places[i] == i, item.why, chosen=True) for i, item in enumerate(items)
    )
    first = next((i for i, place in enumerate(places) if place != i), 0)
    message = note("order_right") if correct else note("order_wrong", place=first + 1)
    text = " → ".join(item.text for item in items)
    return Grade(correct, 1.0 if correct else score, message, parts=parts, answer=text)


def problems(question: Question) -> Iterator[str]:
    """Places without a real reason."""
    yield from empty_reasons("Items", question.body.items)
