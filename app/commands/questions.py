"""`questions`: what there is to answer."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from question_bank.question import Question

HELP = "Lists the questions."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--topic", help="only questions of this topic")
    parser.add_argument("--kind", help="only questions of this kind")
    parser.add_argument("--level", help="only questions of this level")
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(args: argparse.Namespace) -> int:
    from question_bank.catalogue import all_questions

    chosen = [question for question in all_questions().values() if wanted(question, args)]
    if args.json:
        print(json.dumps([as_dict(q) for q in chosen], indent=2, ensure_ascii=False))
    else:
        _print_table(chosen)
    return 0


def wanted(question: Question, args: argparse.Namespace) -> bool:
    """Whether a question is of the topic, kind and level asked for."""
    return all(
        getattr(args, name) in (None, getattr(question, name))
        for name in ("topic", "kind", "level")
    )


def as_dict(question: Question) -> dict[str, Any]:
    """A question as `questions --json` lists it."""
    return {
        "id": question.id,
        "title": question.title,
        "topic": question.topic,
        "kind": question.kind,
        "level": question.level,
        "skills": list(question.skills),
        "parametrised": question.parametrised,
        "covers": list(question.covers),
        "drills": list(question.drills),
    }


def _print_table(questions: list[Question]) -> None:
    from rich.table import Table

    from app.terminal import console, say

    if not questions:
        say("no question matches; `python -m app questions` lists them all")
        return
    table = Table("id", "title", "topic", "kind", "level", box=None, pad_edge=False)
    for question in questions:
        table.add_row(question.id, question.title, question.topic, question.kind, question.level)
    console().print(table)
