"""The questions that exist, found by looking: one Markdown file in a topic's folder is one."""

from __future__ import annotations

import difflib
import functools
import random
from pathlib import Path
from typing import Any

from question_bank.grade import Grade
from question_bank.kinds import KINDS
from question_bank.markup import Document, SchemaError, read_document
from question_bank.question import LEVELS, Answer, Question, Shown

ROOT = Path(__file__).parent
FIELDS = {
    "": {"kind", "title", "level", "skills", "source", "covers", "traps", "drills"},
    "single": {"shuffle"},
    "multiple": {"shuffle"},
    "numeric": {"answer", "unit", "tolerance", "key", "with"},
    "parametrised": {"unit", "tolerance", "key", "draw"},
    "formula": {"answer", "key", "symbols", "accepts"},
    "spot": {"error_line"},
}
SECTIONS = {
    "single": {"Options"},
    "multiple": {"Options"},
    "numeric": {"Mistakes"},
    "parametrised": {"Mistakes"},
    "formula": {"Mistakes"},
    "order": {"Items"},
    "match": {"Pairs", "Distractors"},
    "output": {"Output", "Mistakes"},
    "spot": {"Fix", "Check", "Suspects"},
    "open": {"Key points", "Follow-ups"},
}


class QuestionNotFoundError(LookupError):
    """No question has this id; the message suggests near ones."""


def load_question(path: Path) -> Question:
    """Read one file. Raises SchemaError naming the file and the field."""
    document = read_document(path)
    kind = document.field("kind", str)
    if kind not in KINDS:
        raise document.error("kind", f"{kind!r} is not one of {', '.join(KINDS)}")
    _refuse_unknown(document, kind)
    level = document.field("level", str)
    if level not in LEVELS:
        raise document.error("level", f"{level!r} is not one of {', '.join(LEVELS)}")
    traps: list[Any] = document.field("traps", list, [])
    return Question(
        id=path.name.split(".")[0],
        topic=path.parent.name,
        kind=kind,
        title=document.field("title", str),
        level=level,
        skills=document.words("skills", needed=True),
        source=document.field("source", str),
        prompt=document.prompt,
        explanation=document.section("Explanation"),
        body=KINDS[kind].read(document),
        path=path,
        covers=document.words("covers"),
        traps=tuple(int(trap) for trap in traps),
        drills=document.words("drills"),
    )


def _refuse_unknown(document: Document, kind: str) -> None:
    """A misspelt field or heading would otherwise be ignored in silence."""
    for name in document.meta:
        if name not in FIELDS[""] | FIELDS.get(kind, set()):
            raise document.error(name, f"is not a field of a question of kind {kind}")
    for name in document.sections:
        if name not in SECTIONS[kind] | {"Explanation"}:
            raise document.error(f"## {name}", f"is not a section of a question of kind {kind}")


def question_paths(root: Path = ROOT, language: str = "en") -> list[Path]:
    """The file of each question, in the given language where it has one."""
    originals = (path for path in sorted(root.glob("*/*.md")) if path.name.count(".") == 1)
    return [_localized(path, language) for path in originals]


def _localized(path: Path, language: str) -> Path:
    sibling = path.with_suffix(f".{language}.md")
    return sibling if language != "en" and sibling.exists() else path


@functools.cache
def all_questions(language: str = "en") -> dict[str, Question]:
    """Every question by id, topics and ids in alphabetical order. Raises SchemaError."""
    questions: dict[str, Question] = {}
    for path in question_paths(language=language):
        question = load_question(path)
        if question.id in questions:
            other = questions[question.id].topic
            raise SchemaError(path, "name", f"the topic {other} has a question of this id too")
        questions[question.id] = question
    return questions


def get_question(question_id: str, language: str = "en") -> Question:
    """One question. Raises QuestionNotFoundError with the nearest ids."""
    questions = all_questions(language)
    if question_id in questions:
        return questions[question_id]
    near = difflib.get_close_matches(question_id, questions, n=3, cutoff=0.4)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise QuestionNotFoundError(
        f"there is no question called {question_id!r}.{hint} "
        "`python -m app questions` lists them all."
    )


def show_question(question: Question, seed: int) -> Shown:
    """The question as met once: the same seed gives the same order and the same numbers."""
    return KINDS[question.kind].show(question, seed, random.Random(f"{question.id}:{seed}"))


def grade_answer(shown: Shown, answer: Answer | list[int]) -> Grade:
    """Grade an answer. Never raises for what a learner types."""
    given = tuple(answer) if isinstance(answer, list) else answer
    return KINDS[shown.question.kind].grade(shown, given)


def right_answer(shown: Shown) -> Answer:
    """An answer that is graded right."""
    return KINDS[shown.question.kind].right_answer(shown)


def answer_from_text(shown: Shown, text: str) -> Answer:
    """An answer typed in a terminal. Raises AnswerError where it names no choice."""
    return KINDS[shown.question.kind].answer_from_text(shown, text)
