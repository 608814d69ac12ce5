"""`review`: what is due today, question by question, in the terminal."""

from __future__ import annotations

import argparse
import contextlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.quiz import Answered
    from app.reviews import Reviews, Session
    from question_bank.question import Shown
    from question_bank.scheduler import Card

HELP = "Reviews what is due today; q ends."
NAMES = {1: "again", 2: "hard", 3: "good", 4: "easy"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--topic", help="only this topic")
    parser.add_argument("--json", action="store_true", help="list what is due, without asking")


def run(args: argparse.Namespace) -> int:
    from app.quiz import SessionEndedError
    from app.reviews import Reviews
    from app.store import Store
    from app.terminal import say

    with Store.open() as store:
        reviews = Reviews(store)
        session = reviews.session(args.topic)
        if args.json:
            print(json.dumps(as_dict(session), indent=2))
            return 0
        if not session.cards:
            say("Nothing is due. `python -m app ask` practises questions at any time.")
        with contextlib.suppress(SessionEndedError):
            go_through(reviews, args.topic)
    return 0


def go_through(reviews: Reviews, topic: str | None) -> None:
    """Ask what is due until nothing is left. Raises SessionEndedError."""
    passed_over: set[str] = set()
    while True:
        cards = [c for c in reviews.session(topic).cards if c.item.id not in passed_over]
        if not cards:
            return
        if cards[0].item.kind == "drill" or not review_question(reviews, cards[0]):
            passed_over.add(cards[0].item.id)
        if cards[0].item.kind == "drill":
            tell_drill(cards[0].item.id)


def review_question(reviews: Reviews, card: Card) -> bool:
    """Ask one question and rate it; False where it was skipped. Raises SessionEndedError."""
    from app.quiz import ask, print_result
    from app.reviews import next_seed
    from question_bank.catalogue import get_question, show_question

    question = get_question(card.item.id)
    shown = show_question(question, next_seed(reviews.store.answers(question.id, limit=None)))
    answered = ask(shown)
    if answered is None:
        return False
    reviews.record_answer(shown, answered.given, answered.grade, took_ms=answered.took_ms)
    print_result(shown, answered)
    reviews.rate(card.item, read_rating(reviews, shown, answered))
    return True


def read_rating(reviews: Reviews, shown: Shown, answered: Answered) -> int:
    """A rating from 1 to 4, with when each brings the question back; Enter takes the suggestion.

    Raises SessionEndedError.
    """
    from app.quiz import read_line, write
    from app.reviews import interval_words, item_of
    from question_bank.scheduler import rating_of_answer

    suggested = rating_of_answer(answered.grade.correct, answered.grade.score)
    ahead = reviews.preview(item_of(shown.question))
    write("  ".join(f"{r} {NAMES[r]} ({interval_words(ahead[r])})" for r in NAMES))
    while True:
        text = read_line(f"Rating (Enter: {suggested}): ").strip() or str(suggested)
        if text in ("1", "2", "3", "4"):
            return int(text)
        write("Rate from 1 to 4.")


def tell_drill(drill_id: str) -> None:
    """How to redo a drill that is due; checking it records the review."""
    from app.quiz import write

    write(f"\nThe drill {drill_id} is due. Solve it again without looking:")
    write(f"  python -m app start {drill_id}\n  python -m app check {drill_id} {drill_id}.py")


def as_dict(session: Session) -> dict[str, Any]:
    """What `review --json` prints."""

    def listed(cards: tuple[Card, ...]) -> list[dict[str, str]]:
        return [
            {"kind": c.item.kind, "id": c.item.id, "topic": c.item.topic, "due": c.due.isoformat()}
            for c in cards
        ]

    return {
        "due": listed(session.due),
        "new": listed(session.new),
        "done_today": session.done_today,
        "waiting": session.waiting,
    }
