"""Proves the bank: every question well-formed, every key computed, every snippet really run.

Used by the tests and by `python -m question_bank`. Each problem names the file and the field.
What needs torch, transformers or another oracle is proven in `tests/test_questions_keys.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from question_bank.catalogue import (
    grade_answer,
    load_question,
    question_paths,
    right_answer,
    show_question,
)
from question_bank.draws import DrawError
from question_bank.kinds import KINDS
from question_bank.kinds.numeric import Numeric, close, given_away, mistake_values
from question_bank.kinds.output import Output, same_output
from question_bank.kinds.spot import Spot
from question_bank.markup import SchemaError
from question_bank.question import Question, Shown
from question_bank.similarity import near_duplicates
from question_bank.snippets import run_snippets
from question_bank.template import GAP
from question_bank.units import in_unit

DRAWS = 200
MIN_ANSWERS = 12  # of 200 draws; fewer can be learnt by heart
MIN_EXPLANATION = 120  # characters; an explanation teaches, it does not only confirm
EMPTY_VERDICTS = ("wrong.", "incorrect.", "not correct", "this is wrong", "false.", "no.")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one question."""

    path: Path
    text: str

    def __str__(self) -> str:
        return f"{'/'.join(self.path.parts[-2:])}: {self.text}"


def load_all(paths: Iterable[Path]) -> tuple[list[Question], list[Problem]]:
    """Read files; those that break the schema become problems."""
    questions, problems = [], []
    for path in paths:
        try:
            questions.append(load_question(path))
        except SchemaError as error:
            problems.append(Problem(path, f"{error.field}: {error.problem}"))
        except Exception as error:  # a broken draw or template in one file must not hide others
            problems.append(Problem(path, f"could not be read: {error!r}"))
    return questions, problems


def validate(paths: Iterable[Path] | None = None) -> list[Problem]:
    """Every problem of the given files, or of the whole bank in English."""
    questions, problems = load_all(paths or question_paths())
    for question in questions:
        problems += [Problem(question.path, text) for text in question_problems(question)]
    problems += snippet_problems(questions)
    problems += bank_problems(questions)
    return problems


def question_problems(question: Question) -> Iterator[str]:
    """What is wrong with one question, apart from its snippets."""
    if len(question.title) > 70:
        yield "title: it is longer than 70 characters"
    if len(question.explanation) < MIN_EXPLANATION:
        yield f"## Explanation: below {MIN_EXPLANATION} characters it does not teach"
    if len(question.source) < 12:
        yield "source: name the paper with its arXiv number, or the document and its section"
    try:
        yield from KINDS[question.kind].problems(question)
        yield from _shown_problems(question)
    except Exception as error:
        yield f"it cannot be shown or graded: {error!r}"


def _shown_problems(question: Question) -> Iterator[str]:
    """Over seeds: the right answer is graded right, other answers are not."""
    if question.parametrised:
        yield from draw_problems(question)
        return
    for seed in range(4):
        shown = show_question(question, seed)
        if GAP.search(shown.prompt + shown.explanation):
            yield "prompt or explanation: a gap {{…}} is left open"
        grade = grade_answer(shown, right_answer(shown))
        if not grade.correct or grade.score != 1.0:
            yield f"seed {seed}: the right answer is graded {grade.score}: {grade.message}"


def draw_problems(question: Question, draws: int = DRAWS) -> Iterator[str]:
    """Over many draws: the key is right, finite, never given away, and varies."""
    try:
        shown = [show_question(question, seed) for seed in range(draws)]
    except DrawError as error:
        yield f"draw: {error}"
        return
    for one in shown:
        yield from _draw_problem(one)
    answers = {f"{one.key:.6g}" for one in shown}
    if len(answers) < MIN_ANSWERS:
        yield f"draw: {draws} draws give only {len(answers)} answers; {MIN_ANSWERS} is the least"
    if len({one.prompt for one in shown}) < draws // 4:
        yield f"draw: {draws} draws give fewer than {draws // 4} different prompts"
    most = max(sum(one.key == other.key for other in shown) for one in shown)
    if most > draws * 0.3:
        yield f"draw: one answer comes up in {most} of {draws} draws"


def _draw_problem(shown: Shown) -> Iterator[str]:
    body: Numeric = shown.question.body
    where = f"seed {shown.seed}"
    if not math.isfinite(shown.key) or shown.key < 0:
        yield f"{where}: the key is {shown.key}"
        return
    if not grade_answer(shown, right_answer(shown)).correct:
        yield f"{where}: the right answer is graded wrong"
    rounded = in_unit(shown.key, body.unit)
    if not grade_answer(shown, rounded).correct:
        yield f"{where}: the right answer as shown, {rounded}, is graded wrong"
    for value, mistake in mistake_values(shown.question, shown.drawn):
        if close(value, shown.key, 2 * body.tolerance):
            yield f"{where}: the mistake {mistake.text} gives the right answer"
    if given_away(body, shown.drawn, shown.key):
        yield f"{where}: the answer equals a number that the prompt shows"
    if GAP.search(shown.prompt + shown.explanation):
        yield f"{where}: a gap {{{{…}}}} is left open"


def snippet_problems(questions: Sequence[Question]) -> list[Problem]:
    """Run every snippet of the bank in one child and compare with what the files claim."""
    outputs = [q for q in questions if isinstance(q.body, Output)]
    spots = [q for q in questions if isinstance(q.body, Spot) and q.body.check]
    sources = [q.body.code for q in outputs]
    for q in spots:
        sources += [f"{q.body.code}\n{q.body.check}", f"{q.body.fixed}\n{q.body.check}"]
    ran = run_snippets(sources)
    problems = []
    for question, result in zip(outputs, ran, strict=False):
        if result.error or not same_output(result.printed, question.body.printed):
            text = f"## Output: running it gives {result.printed.strip()!r} {result.error}"
            problems.append(Problem(question.path, text.strip()))
    rest = ran[len(outputs) :]
    for question, shown, fixed in zip(spots, rest[::2], rest[1::2], strict=True):
        if shown.error != "AssertionError":
            text = f"## Check: the block as shown should fail it, but: {shown.error or 'passes'}"
            problems.append(Problem(question.path, text))
        if fixed.error:
            problems.append(Problem(question.path, f"## Fix: the fixed block gives {fixed.error}"))
    return problems


def bank_problems(questions: Sequence[Question]) -> list[Problem]:
    """Near-duplicates and repeated ids or titles."""
    problems = [
        Problem(a.path, f"prompt: {overlap:.0%} like {b.topic}/{b.id}; reword or merge them")
        for a, b, overlap in near_duplicates(questions)
    ]
    for name in ("id", "title"):
        seen: dict[str, Question] = {}
        for question in questions:
            value = getattr(question, name).lower()
            if value in seen:
                problems.append(Problem(question.path, f"{name}: {seen[value].id} has it too"))
            seen[value] = question
    return problems
