"""Which card a review shows now, found again after a reload. No Streamlit.

The address names the question and its seed. Without it an answer that was given but not rated
comes first, so that leaving in the middle costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.reviews import Reviews, Session, next_seed
from question_bank.scheduler import Card


@dataclass(frozen=True)
class Turn:
    """A card and, for a question, the seed it is shown with. `seed` is 0 for a drill."""

    card: Card
    seed: int


def choose(
    reviews: Reviews, session: Session, wanted: tuple[str, int] | None, later: Collection[str]
) -> Turn | None:
    """The turn that the address asks for (`wanted`: id and seed) while it is still open, else the
    first card whose name is not in `later`; None where nothing is left."""
    if wanted:
        kind = "question" if wanted[1] else "drill"
        card = next((c for c in session.cards if name(c) == f"{kind}:{wanted[0]}"), None)
        if card and name(card) not in later and not rated(reviews, card, wanted[1]):
            return Turn(card, wanted[1])
    left = [card for card in session.cards if name(card) not in later]
    return Turn(left[0], seed_for(reviews, left[0])) if left else None


def name(card: Card) -> str:
    """A question and a drill may have the same id."""
    return f"{card.item.kind}:{card.item.id}"


def rated(reviews: Reviews, card: Card, seed: int) -> bool:
    """Whether the answer with this seed was followed by a rating."""
    return any(
        answer.params_seed == seed and _before(answer.happened_at, card.last_review)
        for answer in reviews.store.answers(card.item.id, limit=None)
    )


def seed_for(reviews: Reviews, card: Card) -> int:
    """The seed of an answer that still waits for its rating, else a fresh one."""
    if card.item.kind == "drill":
        return 0
    answers = reviews.store.answers(card.item.id, limit=None)
    newest = answers[0] if answers else None
    if newest and not _before(newest.happened_at, card.last_review):
        return next_seed(answers) if newest.params_seed is None else newest.params_seed
    return next_seed(answers)


def _before(moment: datetime, review: datetime | None) -> bool:
    return review is not None and moment <= review
