"""`ask`: practise questions in the terminal."""

from __future__ import annotations

import argparse
import contextlib
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from question_bank.question import Question

HELP = "Asks questions, one after another; q ends."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", metavar="QUESTION", nargs="?", help="one question's id")
    parser.add_argument("--topic", help="only questions of this topic")
    parser.add_argument("--kind", help="only questions of this kind")
    parser.add_argument("--level", help="only questions of this level")
    parser.add_argument("--count", type=int, help="stop after so many (default: all that match)")
    parser.add_argument("--seed", type=int, help="fix the numbers and the order of the options")
    parser.add_argument("--no-record", action="store_true", help="leave the progress as it is")
    parser.add_argument("--json", action="store_true", help="print one JSON object per answer")


def run(args: argparse.Namespace) -> int:
    """Exit status 0 where every answer was right, 1 where one was not."""
    from app.errors import UsageError
    from app.quiz import SessionEndedError, practise
    from app.reviews import Reviews
    from app.store import Store

    if args.count is not None and args.count < 1:
        raise UsageError(f"--count is {args.count}; it should be at least 1")
    chosen = choose(args)
    all_right = True
    with Store.open() as store, contextlib.suppress(SessionEndedError):
        for question in chosen[: args.count]:
            answered = practise(question, Reviews(store), args)
            all_right &= answered is None or answered.grade.correct
    return 0 if all_right else 1


def choose(args: argparse.Namespace) -> list[Question]:
    """The questions asked for, shuffled. Raises UsageError where there is none."""
    from app.commands.questions import wanted
    from app.errors import UsageError
    from question_bank.catalogue import QuestionNotFoundError, all_questions, get_question

    try:
        if args.question:
            return [get_question(args.question)]
    except QuestionNotFoundError as error:
        raise UsageError(str(error)) from error
    chosen = [question for question in all_questions().values() if wanted(question, args)]
    if not chosen:
        topics = ", ".join(sorted({question.topic for question in all_questions().values()}))
        raise UsageError(
            f"no question matches; topics are {topics}, and "
            "`python -m app questions` lists every question"
        )
    random.Random(args.seed).shuffle(chosen)
    return chosen
