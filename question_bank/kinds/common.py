"""What several kinds share: shuffling, reading typed numbers of choices, checking reasons."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from question_bank.markup import Bullet, Document
from question_bank.messages import Note, note

MIN_REASON = 25  # characters; shorter ones say that something is wrong but not why
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class AnswerError(ValueError):
    """A typed answer that names no choice; `note` says what to type instead."""

    def __init__(self, problem: Note) -> None:
        super().__init__(problem.text())
        self.note = problem


def shuffled(count: int, rng: random.Random) -> tuple[int, ...]:
    """A permutation of 0 to count - 1."""
    return tuple(rng.sample(range(count), count))


def shuffled_apart(count: int, rng: random.Random) -> tuple[int, ...]:
    """A permutation that is not the identity: an ordering task must not start solved."""
    while (order := shuffled(count, rng)) == tuple(range(count)):
        continue
    return order


def chosen_numbers(text: str, count: int) -> tuple[int, ...]:
    """`1,3`, `1 3` or `a c` as indices from 0. Raises AnswerError where one does not exist."""
    words = [word for word in re.split(r"[\s,;，、>]+", text.strip().lower()) if word]
    indices = []
    for word in words:
        index = int(word) - 1 if word.isdecimal() and len(word) < 4 else LETTERS.find(word)
        if not 0 <= index < count or len(word) > 3:
            raise AnswerError(note("choice_unknown", word=word[:20], count=count))
        indices.append(index)
    if not indices:
        raise AnswerError(note("choice_empty", count=count))
    return tuple(indices)


def check_bullets(
    document: Document, name: str, items: Sequence[Bullet], low: int, high: int, *, reasons: bool
) -> None:
    """Refuse a list of the wrong length, with repeated items, or with items lacking a reason."""
    field = f"## {name}"
    if not low <= len(items) <= high:
        raise document.error(field, f"holds {len(items)} items; it should hold {low} to {high}")
    for number, item in enumerate(items, start=1):
        if not item.text:
            raise document.error(field, f"item {number} is empty")
        if reasons and not item.why:
            raise document.error(field, f"item {number} has no reason; add a line `  > why`")
    if len({item.text.lower() for item in items}) < len(items):
        raise document.error(field, "two items are the same")


def empty_reasons(name: str, items: Sequence[Bullet]) -> Iterator[str]:
    """Reasons that only restate a verdict, or are used twice."""
    seen: set[str] = set()
    for number, item in enumerate(items, start=1):
        if len(item.why) < MIN_REASON:
            yield f"## {name}: the reason of item {number} is too short to say why: {item.why!r}"
        if item.why.lower() in seen:
            yield f"## {name}: the reason of item {number} is used twice"
        seen.add(item.why.lower())
