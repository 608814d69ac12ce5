"""Asking a question in a terminal: show it, read an answer until one is understood, explain.

Prompts and explanations go to stdout as text; input comes from stdin, so a pipe works too. An
empty line skips a question and `q` ends the session.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
import time
from dataclasses import dataclass
from typing import Any

from app.reviews import Reviews, next_seed
from question_bank.catalogue import answer_from_text, grade_answer, show_question
from question_bank.formula import shared_judge
from question_bank.grade import Grade
from question_bank.kinds.common import AnswerError
from question_bank.kinds.formula import Formula
from question_bank.question import Answer, Question, Shown

HOW = {
    "single": "Your choice (a number)",
    "multiple": "Your choices (numbers, such as 1,3)",
    "order": "The items in order (numbers, such as 3 1 2)",
    "match": "For each item in turn the number of its partner (such as 2 1 3)",
    "formula": "Formula",
    "output": "It prints (a second line: end this one with \\)",
    "spot": "The number of the wrong line",
    "open": "Answer aloud or on paper. Then press Enter to see the key points",
}
TEX = {r"\times": "×", r"\cdot": "·", r"\to": "→", r"\infty": "∞", r"\dots": "…", r"\,": " "}
TEX |= {r"\ge": "≥", r"\le": "≤", r"\sqrt": "√", r"\sum": "Σ", r"\alpha": "α", r"\ ": " "}


class SessionEndedError(Exception):
    """The learner has typed q, or the input has ended."""


@dataclass(frozen=True)
class Answered:
    """An answer that was understood, its grade, and how long it took in milliseconds."""

    given: Answer
    grade: Grade
    took_ms: float


def ask(shown: Shown) -> Answered | None:
    """Put one question; None where it is skipped. Raises SessionEndedError."""
    if shown.question.kind == "formula":
        shared_judge().warm()  # while the learner thinks
    print_question(shown)
    started = time.monotonic()
    if shown.question.kind == "open":
        read_line(f"{HOW['open']}: ")
        print_points(shown)
    while True:
        text = read_answer(shown)
        if not text.strip() and shown.question.kind != "open":
            return None
        answered = understand(shown, text or "none", started)
        if answered:
            return answered


def practise(question: Question, reviews: Reviews, args: argparse.Namespace) -> Answered | None:
    """Ask one question, show the result, and record it unless `--no-record` was given."""
    seed = args.seed
    if seed is None:
        seed = next_seed(reviews.store.answers(question.id, limit=None))
    shown = show_question(question, seed)
    # With --json stdout holds nothing but the results.
    with contextlib.redirect_stdout(sys.stderr if args.json else sys.stdout):
        answered = ask(shown)
        if answered is None:
            return None
        print_result(shown, answered)
    if not args.no_record:
        reviews.record_answer(shown, answered.given, answered.grade, took_ms=answered.took_ms)
        reviews.practised(question, answered.grade)
    if args.json:
        write(json.dumps(as_dict(shown, answered), ensure_ascii=False))
    return answered


def understand(shown: Shown, text: str, started: float) -> Answered | None:
    """Grade a typed answer; where it cannot be read, say why and return None."""
    try:
        given = answer_from_text(shown, text)
        grade = grade_answer(shown, given)
    except AnswerError as error:
        write(str(error))
        return None
    if grade.understood:
        return Answered(given, grade, (time.monotonic() - started) * 1000)
    if grade.caret:
        write(grade.caret)
    write(grade.message)
    return None


def read_answer(shown: Shown) -> str:
    """One answer, over several lines for an output that ends its lines with a backslash."""
    kind = shown.question.kind
    how = HOW.get(kind, f"Answer{f' (in {shown.unit}, or another unit)' if shown.unit else ''}")
    if kind == "open":
        how = "The points you made (numbers, such as 1 3; Enter for none)"
    text = read_line(f"{how}: ")
    while kind == "output" and text.endswith("\\"):
        text = text[:-1] + "\n" + read_line("… ")
    return text


def read_line(prompt: str) -> str:
    """A line from the learner. Raises SessionEndedError at the end of the input or for q."""
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line or line.strip().lower() == "q":
        raise SessionEndedError
    return line.rstrip("\n")


def print_question(shown: Shown) -> None:
    """The title, the prompt, and what there is to choose from."""
    question = shown.question
    markdown(f"## {question.title}\n\n{numbered_code(shown)}")
    if question.kind in ("single", "multiple", "order", "match"):
        write("\n".join(f"  {i}. {tex(c)}" for i, c in enumerate(shown.choices, start=1)))
    if shown.targets:
        write("Partners:")
        write("\n".join(f"  {i}. {tex(c)}" for i, c in enumerate(shown.targets, start=1)))
    if isinstance(question.body, Formula):
        for symbol in question.body.symbols.values():
            write(f"  {symbol.name}: {symbol.meaning} ({symbol.unit})")


def numbered_code(shown: Shown) -> str:
    """The prompt; in a question about a wrong line the lines carry their numbers."""
    if shown.question.kind != "spot":
        return shown.prompt
    lines = iter(range(1, len(shown.choices) + 1))
    code = "\n".join(f"{next(lines):>2}  {line}" for line in shown.choices)
    return re.sub(
        r"```\w*\n.*?```", lambda _: f"```text\n{code}\n```", shown.prompt, flags=re.DOTALL
    )


def print_points(shown: Shown) -> None:
    """The key points of an open question, to be marked."""
    for number, point in enumerate(shown.question.body.points, start=1):
        mark = "essential" if point.ticked else "stronger"
        write(f"  {number}. ({mark}) {tex(point.text)}\n     {tex(point.why)}")


def print_result(shown: Shown, answered: Answered) -> None:
    """The verdict, why each choice is right or wrong, the answer, the explanation."""
    grade, kind = answered.grade, shown.question.kind
    write(("✓ " if grade.correct else "✗ ") + tex(grade.message))
    if grade.read_as and not grade.correct:
        write(f"  read as: {grade.read_as}")
    if kind in ("single", "multiple", "order", "match", "spot"):
        for part in grade.parts:
            mark = "✓" if part.correct else "✗" if part.chosen or kind != "spot" else "·"
            yours = "  ← yours" if part.chosen and kind in ("single", "multiple", "spot") else ""
            write(f"  {mark} {tex(part.label)}{yours}\n      {tex(part.explanation)}")
    if grade.answer and not grade.correct:
        write(f"  Answer: {tex(grade.answer)}")
    markdown(shown.explanation)
    if kind == "open":
        for number, step in enumerate(shown.question.body.follow_ups, start=1):
            write(f"  Next they ask ({number}): {tex(step.text)}\n     {tex(step.why)}")
    write(f"  Source: {shown.question.source}")


def as_dict(shown: Shown, answered: Answered) -> dict[str, Any]:
    """An answered question as `ask --json` prints it."""
    grade = answered.grade
    return {
        "question": shown.question.id,
        "topic": shown.question.topic,
        "kind": shown.question.kind,
        "seed": shown.seed,
        "given": answered.given,
        "correct": grade.correct,
        "score": grade.score,
        "message": grade.message,
        "answer": grade.answer,
        "explanation": shown.explanation,
    }


def markdown(text: str) -> None:
    """Markdown for a person, with maths made readable; as it is where nobody watches."""
    if not sys.stdout.isatty():
        write(tex(text))
        return
    from rich.markdown import Markdown

    from app.terminal import console

    console().print(Markdown(tex(text)))


def write(text: str) -> None:
    """Plain text on stdout."""
    print(text, flush=True)


def tex(text: str) -> str:
    """The little TeX of our questions as plain text: `$7 \\times 10^{9}$` as 7 × 10^9."""

    def plain(match: re.Match[str]) -> str:
        inner = match[1]
        inner = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)", inner)
        inner = re.sub(r"\\(?:text|mathrm|operatorname)\{([^{}]*)\}", r"\1", inner)
        for command, sign in TEX.items():
            inner = inner.replace(command, sign)
        inner = re.sub(r"\^\{(\w+)\}", r"^\1", inner)
        inner = re.sub(r"\^\{([^{}]*)\}", r"^(\1)", inner)
        inner = re.sub(r"_\{([^{}]*)\}", r"_\1", inner)
        return inner.replace("\\", "").replace("{", "").replace("}", "")

    return re.sub(r"\$\$?([^$]+)\$\$?", plain, text)
