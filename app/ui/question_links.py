"""The only place where the pages ask about the question bank, which may not be installed."""

from __future__ import annotations

import importlib.util

from app.ui.places import exists


def count(topic_id: str, language: str = "en") -> int:
    """How many questions a topic has; 0 where there is no question bank or no page for it."""
    if not exists("questions") or importlib.util.find_spec("question_bank.catalogue") is None:
        return 0
    from question_bank.catalogue import all_questions

    return sum(question.topic == topic_id for question in all_questions(language).values())
