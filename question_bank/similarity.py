"""Finds questions that ask nearly the same: shared pairs of words in what is asked.

The measure is the Jaccard overlap of word pairs (shingles of two) between two texts, numbers and
common words left out: 1 for the same text, 0 for nothing shared. A reworded copy scores above
0.5; distinct questions on one subject stay below 0.25.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations, pairwise

from question_bank.question import Question

TOO_CLOSE = 0.4
COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by for from give how in is it its of on one or that the this to "
        "what when which who why with you your each per does do has have many much answer "
        "following statement true about",
    )
)


def asked(question: Question) -> str:
    """What a question asks: its prompt, and the choices where it has some."""
    texts = [question.prompt]
    for name in ("options", "items", "pairs"):
        texts += [bullet.text for bullet in getattr(question.body, name, ())]
    return "\n".join(texts)


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Pairs of neighbouring words, without numbers, gaps and common words."""
    plain = re.sub(r"\{\{.*?\}\}", " ", text.lower())
    words = [word for word in re.findall(r"[a-z_]+", plain) if word not in COMMON]
    return frozenset(pairwise(words))


def similarity(left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]) -> float:
    """Jaccard overlap, from 0 to 1."""
    union = left | right
    return len(left & right) / len(union) if union else 0.0


def near_duplicates(questions: Iterable[Question]) -> list[tuple[Question, Question, float]]:
    """Pairs of questions that are too close, closest first."""
    prepared = [(question, shingles(asked(question))) for question in questions]
    close = [
        (a, b, overlap)
        for (a, left), (b, right) in combinations(prepared, 2)
        if (overlap := similarity(left, right)) >= TOO_CLOSE
    ]
    return sorted(close, key=lambda found: -found[2])
