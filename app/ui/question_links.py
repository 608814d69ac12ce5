"""The only place where the pages ask about the question bank.

While there is no page for questions there is nothing to link to, and they count as none.
"""

from __future__ import annotations

from app.reviews import Reviews
from app.ui.places import exists
from app.ui.services import store
from question_bank.catalogue import all_questions
from question_bank.question import Question


def questions(language: str = "en") -> list[Question]:
    """Every question that can be answered in the app."""
    return list(all_questions(language).values()) if exists("questions") else []


def count(topic_id: str, language: str = "en") -> int:
    """How many questions a topic has."""
    return sum(question.topic == topic_id for question in questions(language))


def due() -> int:
    """How many reviews are due now, within the daily budget."""
    return len(Reviews(store()).session().due) if exists("review") else 0
