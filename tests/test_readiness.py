"""Readiness counts evidence, not ticks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app.readiness import readiness, retained, skill_evidence
from app.store import DrillState, QuestionState
from topics.skills import Skill, all_skills

DAY = datetime(2026, 3, 1, tzinfo=UTC)
RAG, LINUX, ALIGNMENT = (all_skills()[key] for key in ("rag", "linux", "alignment"))
SKILLS = {skill.id: skill for skill in (RAG, LINUX, ALIGNMENT)}


@dataclass(frozen=True)
class Item:
    id: str
    skills: tuple[str, ...]


DRILLS = [Item("bm25", ("rag",)), Item("chunk", ("rag",)), Item("dpo", ("alignment", "rag"))]
PASSED = DrillState("", attempts=2, passes=1, unaided=True)
AIDED = DrillState("", attempts=2, passes=1, unaided=False)
TRIED = DrillState("", attempts=2)


def answered(question: str, *days: int, last: bool | None = True) -> QuestionState:
    """A question answered right on these days."""
    at = [DAY + timedelta(days=day) for day in days]
    return QuestionState(
        question,
        answers=len(days) + 1,
        correct=len(days),
        last_correct=last,
        last_at=DAY,
        first_correct_at=at[0] if at else None,
        last_correct_at=at[-1] if at else None,
    )


def test_a_drill_passed_is_evidence_for_all_its_skills():
    found = skill_evidence(SKILLS, DRILLS, {"dpo": PASSED, "bm25": TRIED})
    assert found["rag"].drills == ("bm25", "chunk", "dpo")
    assert found["rag"].passed == found["rag"].unaided == ("dpo",)
    assert found["rag"].score == pytest.approx(1 / 3)
    assert (found["rag"].status, found["alignment"].status) == ("begun", "shown")


def test_a_pass_right_after_reading_the_reference_is_no_evidence():
    found = skill_evidence(SKILLS, DRILLS, {"dpo": AIDED})["alignment"]
    assert (found.passed, found.unaided, found.score, found.status) == (("dpo",), (), 0.0, "begun")


def test_questions_count_once_they_are_still_known_two_weeks_later():
    questions = [Item("q1", ("alignment",)), Item("q2", ("alignment",))]
    states = {"q1": answered("q1", 0, 20), "q2": answered("q2", 0, 3)}
    found = skill_evidence(SKILLS, DRILLS, {"dpo": PASSED}, questions, states)["alignment"]
    assert (found.answered, found.retained) == (("q1", "q2"), ("q1",))
    assert found.score == pytest.approx((1 + 0.5) / 2)
    assert found.status == "begun"  # all drills, but too few questions


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (answered("q", 0, 14), True),
        (answered("q", 0, 13), False),
        (answered("q", 0), False),
        (answered("q", 0, 30, last=False), False),
        (answered("q", 0, 30, last=None), False),
        (answered("q", last=False), False),
    ],
)
def test_retained_means_right_again_after_two_weeks_and_not_wrong_since(
    state: QuestionState, expected: bool
):
    assert retained(state) is expected


def test_a_skill_that_nothing_measures_is_not_held_against_the_learner():
    found = skill_evidence(SKILLS, DRILLS, {drill.id: PASSED for drill in DRILLS})
    assert found["linux"].status == "unmeasured"
    assert not found["linux"].measured
    assert readiness(found.values()) == 1.0
    assert readiness([found["linux"]]) is None


def test_what_the_learner_says_is_kept_apart():
    found = skill_evidence(SKILLS, DRILLS, {}, self_levels={"rag": 4})["rag"]
    assert (found.self_level, found.score, found.status) == (4, 0.0, "none")


def test_readiness_weighs_skills_by_how_many_posts_ask_for_them():
    found = skill_evidence(SKILLS, DRILLS, {"dpo": PASSED})
    expected = (RAG.jd_percent / 3 + ALIGNMENT.jd_percent) / (RAG.jd_percent + ALIGNMENT.jd_percent)
    assert readiness(found.values()) == pytest.approx(expected)
    assert readiness([]) is None


def test_only_enough_of_the_drills_counts_as_shown():
    drills = [Item(f"d{number}", ("rag",)) for number in range(5)]

    def status(passed: int) -> str:
        states = {drill.id: PASSED for drill in drills[:passed]}
        return skill_evidence({"rag": RAG}, drills, states)["rag"].status

    assert [status(count) for count in range(6)] == [
        "none",
        *["begun"] * 3,
        *["shown"] * 2,
    ]


def test_every_skill_of_the_checklist_gets_a_row():
    found = skill_evidence(all_skills(), [], {})
    assert list(found) == list(all_skills())
    assert all(isinstance(one.skill, Skill) for one in found.values())
