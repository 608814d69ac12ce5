"""Where the learner stands, gathered in one session of the database: what `progress` shows."""

from __future__ import annotations

from dataclasses import dataclass

from app.readiness import SkillEvidence, readiness, skill_evidence
from app.store import Attempt, Day, DrillState, Store, Streak
from app.store.records import utc_now
from drills.catalogue import all_drills
from question_bank.catalogue import all_questions
from topics.skills import all_skills

RECENT = 10
WEEK = 7


@dataclass(frozen=True)
class TopicProgress:
    """How many of a topic's drills were passed, and how many tried without a pass."""

    topic: str
    drills: int
    passed: int
    tried: int


@dataclass(frozen=True)
class Overview:
    """`readiness` lies in 0..1; `reviews_due` counts cards that are due now."""

    readiness: float
    streak: Streak
    week: list[Day]
    topics: list[TopicProgress]
    skills: dict[str, SkillEvidence]
    reviews_due: int
    recent: list[Attempt]


def overview(store: Store) -> Overview:
    with store.reading():
        states = store.drill_states(all_drills())
        skills = skill_evidence(
            all_skills(),
            all_drills().values(),
            states,
            all_questions().values(),
            store.question_states(),
            {skill: said.level for skill, said in store.self_assessments().items()},
        )
        return Overview(
            readiness=readiness(skills.values()) or 0.0,
            streak=store.streak(),
            week=store.calendar(WEEK),
            topics=by_topic(states),
            skills=skills,
            reviews_due=len(store.review_cards(due_by=utc_now())),
            recent=store.attempts(limit=RECENT),
        )


def by_topic(states: dict[str, DrillState]) -> list[TopicProgress]:
    """The progress in every topic that has drills, in the order of the catalogue."""
    topics: dict[str, list[str]] = {}
    for drill in all_drills().values():
        topics.setdefault(drill.topic, []).append(states[drill.id].state)
    return [
        TopicProgress(topic, len(found), found.count("passed"), found.count("tried"))
        for topic, found in topics.items()
    ]
