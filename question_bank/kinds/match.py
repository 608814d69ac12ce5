"""Match: `left => right` pairs; the right sides are shown once each, shuffled, with distractors."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from question_bank.grade import Grade, Part, unreadable
from question_bank.kinds.common import check_bullets, chosen_numbers, empty_reasons, shuffled
from question_bank.markup import Bullet, Document
from question_bank.messages import note
from question_bank.question import Question, Shown


@dataclass(frozen=True)
class Match:
    """Left sides, the targets to choose from, and which target belongs to each left side."""

    pairs: tuple[Bullet, ...]
    lefts: tuple[str, ...]
    targets: tuple[str, ...]
    right: tuple[int, ...]


def read(document: Document) -> Match:
    """Read `## Pairs` and, where there, `## Distractors`. Raises SchemaError."""
    pairs = document.bullets("Pairs")
    check_bullets(document, "Pairs", pairs, 3, 8, reasons=True)
    sides = [pair.text.partition(" => ") for pair in pairs]
    for left, arrow, right in sides:
        if not arrow or not left.strip() or not right.strip():
            raise document.error("## Pairs", f"{left!r} should read `left => right`")
    extra = [bullet.text for bullet in document.bullets("Distractors", needed=False)]
    targets = tuple(dict.fromkeys([right.strip() for *_, right in sides] + extra))
    return Match(
        pairs,
        tuple(left.strip() for left, *_ in sides),
        targets,
        tuple(targets.index(right.strip()) for *_, right in sides),
    )


def show(question: Question, seed: int, rng: random.Random) -> Shown:
    """Left sides and targets, each in a seeded order."""
    body: Match = question.body
    order = shuffled(len(body.lefts), rng)
    target_order = shuffled(len(body.targets), rng)
    return Shown(
        question,
        seed,
        question.prompt,
        question.explanation,
        choices=tuple(body.lefts[i] for i in order),
        order=order,
        targets=tuple(body.targets[i] for i in target_order),
        target_order=target_order,
    )


def answer_from_text(shown: Shown, text: str) -> tuple[int, ...]:
    """`2 1 3`: for each left side in turn the number of its target. Raises AnswerError."""
    return chosen_numbers(text, len(shown.targets))


def right_answer(shown: Shown) -> tuple[int, ...]:
    """For each shown left side the shown index of its target."""
    right = shown.question.body.right
    return tuple(shown.target_order.index(right[place]) for place in shown.order)


def grade(shown: Shown, answer: tuple[int, ...]) -> Grade:
    """Score: the share of left sides with their own target."""
    body: Match = shown.question.body
    if len(answer) != len(shown.choices) or not all(0 <= a < len(shown.targets) for a in answer):
        return unreadable(note("match_incomplete", count=len(shown.choices)))
    wanted = right_answer(shown)
    hits = [given == right for given, right in zip(answer, wanted, strict=True)]
    parts = tuple(
        Part(f"{left} → {shown.targets[right]}", hit, body.pairs[place].why, chosen=True)
        for left, right, hit, place in zip(shown.choices, wanted, hits, shown.order, strict=True)
    )
    correct = all(hits)
    message = note("match_right") if correct else note("match_wrong", hits=sum(hits), of=len(hits))
    text = "; ".join(part.label for part in parts)
    return Grade(correct, sum(hits) / len(hits), message, parts=parts, answer=text)


def problems(question: Question) -> Iterator[str]:
    """Pairs without a reason, targets that tell nothing apart."""
    body: Match = question.body
    yield from empty_reasons("Pairs", body.pairs)
    if len(set(body.right)) < 2:
        yield "## Pairs: every left side has the same right side"
