"""Spot the error: one line of a block is wrong; the learner names its number.

For Python the file proves it: `## Check` holds assertions that fail with the block as shown and
pass once the line is replaced by `## Fix`. The validator runs both.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from question_bank.grade import Grade, Part, unreadable
from question_bank.kinds.common import check_bullets, chosen_numbers, empty_reasons
from question_bank.markup import Bullet, Document
from question_bank.messages import note
from question_bank.question import Question, Shown


@dataclass(frozen=True)
class Spot:
    """The block, its wrong line (from 0), the replacement, the proof, and innocent suspects."""

    language: str
    lines: tuple[str, ...]
    wrong: int
    fix: str
    check: str
    suspects: tuple[Bullet, ...]

    @property
    def code(self) -> str:
        return "\n".join(self.lines)

    @property
    def fixed(self) -> str:
        return "\n".join((*self.lines[: self.wrong], self.fix, *self.lines[self.wrong + 1 :]))


def read(document: Document) -> Spot:
    """Read the block in the prompt, `error_line`, Fix, Check and Suspects. Raises SchemaError."""
    language, code = document.code()
    lines = tuple(code.split("\n"))
    number = document.field("error_line", int)
    if not 1 <= number <= len(lines) or not lines[number - 1].strip():
        raise document.error("error_line", f"{number} is not a line of the block")
    suspects = document.bullets("Suspects")
    check_bullets(document, "Suspects", suspects, 1, 6, reasons=True)
    for suspect in suspects:
        if not re.fullmatch(r"\d+", suspect.text) or not 1 <= int(suspect.text) <= len(lines):
            raise document.error("## Suspects", f"{suspect.text!r} is not the number of a line")
        if int(suspect.text) == number:
            raise document.error("## Suspects", f"line {number} is the wrong line itself")
    check = document.code("Check")[1] if language == "python" else ""
    return Spot(language, lines, number - 1, document.code("Fix")[1], check, suspects)


def show(question: Question, seed: int, rng: random.Random) -> Shown:
    """The lines in their order; they are numbered where they are drawn."""
    lines: tuple[str, ...] = question.body.lines
    order = tuple(range(len(lines)))
    return Shown(question, seed, question.prompt, question.explanation, lines, order)


def answer_from_text(shown: Shown, text: str) -> int:
    """`4` or `line 4` as an index from 0. Raises AnswerError."""
    return chosen_numbers(text.lower().replace("line", ""), len(shown.choices))[0]


def right_answer(shown: Shown) -> int:
    """The index of the wrong line."""
    index: int = shown.question.body.wrong
    return index


def grade(shown: Shown, answer: int) -> Grade:
    """Right with the wrong line; a suspect gets the reason why it is innocent."""
    body: Spot = shown.question.body
    if not 0 <= answer < len(body.lines):
        return unreadable(note("choice_unknown", word=answer + 1, count=len(body.lines)))
    parts = tuple(
        Part(
            f"{suspect.text}: {body.lines[int(suspect.text) - 1].strip()}",
            False,
            suspect.why,
            chosen=int(suspect.text) - 1 == answer,
        )
        for suspect in body.suspects
    )
    text = f"{body.wrong + 1}: {body.fix.strip()}"
    if answer == body.wrong:
        return Grade(True, 1.0, note("spot_right"), parts=parts, answer=text)
    why = next((part.explanation for part in parts if part.chosen), "")
    message = note("spot_suspect", line=answer + 1, why=why) if why else note("spot_wrong")
    return Grade(False, 0.0, message, parts=parts, answer=text)


def problems(question: Question) -> Iterator[str]:
    """Suspects cleared without a reason, a fix that changes nothing."""
    body: Spot = question.body
    yield from empty_reasons("Suspects", body.suspects)
    if body.fix.strip() == body.lines[body.wrong].strip():
        yield "## Fix: it is the same as the wrong line"
