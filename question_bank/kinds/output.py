"""Predict the output of a snippet. The stored output is checked by running it (`snippets.py`)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from question_bank.grade import Grade, unreadable
from question_bank.kinds.common import check_bullets, empty_reasons
from question_bank.markup import Bullet, Document
from question_bank.messages import note
from question_bank.question import Question, Shown

MAX_LENGTH = 2000
PIECE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\w+|[^\w\s]")


@dataclass(frozen=True)
class Output:
    """The code shown, what it prints, and outputs that people expect wrongly."""

    code: str
    printed: str
    mistakes: tuple[Bullet, ...]


def read(document: Document) -> Output:
    """Read the block in the prompt, `## Output` and `## Mistakes`. Raises SchemaError."""
    language, code = document.code()
    if language != "python":
        raise document.error("prompt", "the block should start with ```python")
    mistakes = document.bullets("Mistakes")
    check_bullets(document, "Mistakes", mistakes, 1, 6, reasons=True)
    return Output(code, document.code("Output")[1], mistakes)


def show(question: Question, seed: int, rng: random.Random) -> Shown:
    """Shown as it is."""
    body: Output = question.body
    return Shown(question, seed, question.prompt, question.explanation, key=body.printed)


def answer_from_text(shown: Shown, text: str) -> str:
    """Typed answers are graded as they are."""
    return text


def right_answer(shown: Shown) -> str:
    """What the snippet prints."""
    text: str = shown.key
    return text


def grade(shown: Shown, answer: str) -> Grade:
    """White space does not count; numbers count by value to the digits printed."""
    body: Output = shown.question.body
    if not answer.strip() or len(answer) > MAX_LENGTH:
        return unreadable(note("output_empty", limit=MAX_LENGTH))
    if same_output(answer, body.printed):
        return Grade(True, 1.0, note("output_right"), answer=body.printed)
    for mistake in body.mistakes:
        if same_output(answer, mistake.text.strip("`")):
            message = note("output_mistake", why=mistake.why)
            return Grade(False, 0.0, message, answer=body.printed)
    return Grade(False, 0.0, note("output_wrong"), answer=body.printed)


def same_output(given: str, printed: str) -> bool:
    """Piece by piece: words and signs alike, numbers equal to the digits printed."""
    ours, theirs = _pieces(given), _pieces(printed)
    return len(ours) == len(theirs) and all(map(_same_piece, ours, theirs))


def _pieces(text: str) -> list[str]:
    """`3-1` is printed text, not three and minus one, but `[1, -1]` holds minus one."""
    return PIECE.findall(text.replace("−", "-"))


def _same_piece(given: str, printed: str) -> bool:
    if given == printed:
        return True
    try:
        value, wanted = float(given), float(printed)
    except ValueError:
        return False
    if ("." in printed or "e" in printed) != ("." in given or "e" in given):
        return False  # 1 and 1.0 are printed by different types
    decimals = len(printed.partition(".")[2]) if "e" not in printed else 0
    return abs(value - wanted) <= 0.5 * 10.0**-decimals * (1e-9 if not decimals else 1.0)


def problems(question: Question) -> Iterator[str]:
    """Expected mistakes that are the right output."""
    body: Output = question.body
    yield from empty_reasons("Mistakes", body.mistakes)
    for mistake in body.mistakes:
        if same_output(mistake.text.strip("`"), body.printed):
            yield f"## Mistakes: {mistake.text} is what the snippet prints"
