"""Open answers: the learner answers aloud or in writing, then marks the key points they made.

`- [x]` marks a point no good answer lacks, `- [ ]` one that makes an answer stronger. A ladder of
follow-ups says what an interviewer asks next and what a strong answer contains.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from question_bank.grade import Grade, Part, unreadable
from question_bank.kinds.common import check_bullets, chosen_numbers, empty_reasons
from question_bank.markup import Bullet, Document
from question_bank.messages import note
from question_bank.question import Question, Shown

PASS_SCORE = 0.6
ESSENTIAL_WEIGHT = 2


@dataclass(frozen=True)
class OpenAnswer:
    """The rubric and the ladder: each follow-up carries what a strong answer says."""

    points: tuple[Bullet, ...]
    follow_ups: tuple[Bullet, ...]


def read(document: Document) -> OpenAnswer:
    """Read `## Key points` and `## Follow-ups`. Raises SchemaError."""
    points = document.bullets("Key points")
    check_bullets(document, "Key points", points, 3, 9, reasons=True)
    if any(point.ticked is None for point in points):
        raise document.error("## Key points", "each starts with “- [x] ” (essential) or “- [ ] ”")
    if not any(point.ticked for point in points):
        raise document.error("## Key points", "at least one point should be essential: “- [x] ”")
    follow_ups = document.bullets("Follow-ups")
    check_bullets(document, "Follow-ups", follow_ups, 2, 6, reasons=True)
    return OpenAnswer(points, follow_ups)


def show(question: Question, seed: int, rng: random.Random) -> Shown:
    """The points in their order; pages show them only after the learner has answered."""
    points = tuple(point.text for point in question.body.points)
    order = tuple(range(len(points)))
    return Shown(question, seed, question.prompt, question.explanation, points, order)


def answer_from_text(shown: Shown, text: str) -> tuple[int, ...]:
    """`1 3 4`, the points made; `0` or `none` for none of them. Raises AnswerError."""
    if text.strip().lower() in ("0", "none", "-"):
        return ()
    return chosen_numbers(text, len(shown.choices))


def right_answer(shown: Shown) -> tuple[int, ...]:
    """Every point."""
    return shown.order


def grade(shown: Shown, answer: tuple[int, ...]) -> Grade:
    """Essential points count twice. Right: every essential point and 60 % of the weight."""
    points: tuple[Bullet, ...] = shown.question.body.points
    if not set(answer) <= set(range(len(points))):
        return unreadable(note("choice_unknown", word=max(answer) + 1, count=len(points)))
    weights = [ESSENTIAL_WEIGHT if point.ticked else 1 for point in points]
    score = sum(weights[i] for i in set(answer)) / sum(weights)
    missed = [i for i, point in enumerate(points) if point.ticked and i not in answer]
    parts = tuple(
        Part(point.text, bool(point.ticked), point.why, i in answer)
        for i, point in enumerate(points)
    )
    correct = not missed and score >= PASS_SCORE
    if missed:
        message = note("open_missed", missed=points[missed[0]].text)
    else:
        message = note("open_right") if correct else note("open_thin", share=f"{score:.0%}")
    return Grade(correct, score, message, parts=parts)


def problems(question: Question) -> Iterator[str]:
    """Points and follow-ups without a real reason."""
    yield from empty_reasons("Key points", question.body.points)
    yield from empty_reasons("Follow-ups", question.body.follow_ups)
