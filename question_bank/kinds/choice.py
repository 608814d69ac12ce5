"""Single and multiple choice: options with a tick and a reason each, shown in a seeded order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from question_bank.grade import Grade, Part, unreadable
from question_bank.kinds.common import (
    check_bullets,
    chosen_numbers,
    empty_reasons,
    shuffled,
)
from question_bank.markup import Bullet, Document
from question_bank.messages import note
from question_bank.question import Question, Shown

LENGTH_CUE = 1.6  # a right option this much longer than every wrong one gives itself away


@dataclass(frozen=True)
class Choice:
    """The options as in the file. `several` may be right; `shuffle` False keeps their order."""

    options: tuple[Bullet, ...]
    several: bool
    shuffle: bool = True

    @property
    def right(self) -> frozenset[int]:
        return frozenset(i for i, option in enumerate(self.options) if option.ticked)


def read(document: Document) -> Choice:
    """Read `## Options`. Raises SchemaError."""
    options = document.bullets("Options")
    check_bullets(document, "Options", options, 3, 7, reasons=True)
    if any(option.ticked is None for option in options):
        raise document.error("## Options", "each option starts with “- [x] ” or “- [ ] ”")
    several = document.field("kind", str) == "multiple"
    body = Choice(options, several, document.field("shuffle", bool, True))
    if not several and len(body.right) != 1:
        raise document.error("## Options", f"one option is right, but {len(body.right)} are ticked")
    if several and not 1 <= len(body.right) < len(options):
        raise document.error("## Options", "some options should be ticked and some not")
    return body


def show(question: Question, seed: int, rng: random.Random) -> Shown:
    """The options in their seeded order."""
    body: Choice = question.body
    count = len(body.options)
    order = shuffled(count, rng) if body.shuffle else tuple(range(count))
    choices = tuple(body.options[i].text for i in order)
    return Shown(question, seed, question.prompt, question.explanation, choices, order)


def answer_from_text(shown: Shown, text: str) -> tuple[int, ...]:
    """`2` or `1,3` as indices into the choices. Raises AnswerError."""
    return chosen_numbers(text, len(shown.choices))


def right_answer(shown: Shown) -> tuple[int, ...]:
    """The indices of the right choices, as shown."""
    right = shown.question.body.right
    return tuple(i for i, place in enumerate(shown.order) if place in right)


def grade(shown: Shown, answer: int | tuple[int, ...]) -> Grade:
    """Right with exactly the right options. Several give a part score: each option counts."""
    body: Choice = shown.question.body
    picked = {answer} if isinstance(answer, int) else set(answer)
    if not picked or not picked <= set(range(len(shown.choices))):
        return unreadable(note("choice_empty", count=len(shown.choices)))
    if not body.several and len(picked) > 1:
        return unreadable(note("choice_one_only"))
    chosen = frozenset(shown.order[i] for i in picked)
    parts = tuple(
        Part(option.text, place in body.right, option.why, place in chosen)
        for place, option in ((place, body.options[place]) for place in shown.order)
    )
    agreeing = len(body.options) - len(chosen ^ body.right)
    correct = chosen == body.right
    partial = max(0.0, 2 * agreeing / len(body.options) - 1) if body.several else 0.0
    wrong_places = chosen - body.right
    answer_text = "; ".join(body.options[i].text for i in sorted(body.right))
    message = note("choice_right") if correct else note("choice_wrong")
    if body.several and not correct:
        message = note("choice_several", missed=len(body.right - chosen), extra=len(wrong_places))
    return Grade(correct, 1.0 if correct else partial, message, parts=parts, answer=answer_text)


def problems(question: Question) -> Iterator[str]:
    """Reasons that teach nothing, options that give the answer away."""
    body: Choice = question.body
    yield from empty_reasons("Options", body.options)
    right = [len(option.text) for option in body.options if option.ticked]
    wrong = [len(option.text) for option in body.options if not option.ticked]
    if not body.several and right[0] > LENGTH_CUE * max(wrong) and right[0] > 30:
        yield "## Options: the right option is far longer than the others, which gives it away"
    for option in body.options:
        lowered = option.text.lower()
        if "of the above" in lowered or "both a and" in lowered:
            yield f"## Options: {option.text!r} refers to other options, which are shuffled"
