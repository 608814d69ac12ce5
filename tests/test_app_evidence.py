"""Evidence: what counts as shown, and how it adds up to readiness."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from app.store import DrillState, QuestionState
from app.ui.evidence import KEPT_AFTER, Evidence, gather, readiness
from drills.catalogue import all_drills
from topics.skills import all_skills

SKILLS = all_skills()
DRILL = all_drills()["softmax_temperature"]
SKILL = SKILLS["transformers"]
THEN = datetime(2026, 3, 1, tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class Asked:
    id: str
    skills: tuple[str, ...]


def of_drill(**state: object) -> Evidence:
    states = {DRILL.id: DrillState(DRILL.id, **state)}
    return gather([SKILL], [DRILL], states)[SKILL.id]


def of_question(apart: timedelta | None) -> Evidence:
    last = None if apart is None else THEN + apart
    first = None if apart is None else THEN
    state = QuestionState("q", 2, 2, True, THEN, first, last)
    return gather([SKILL], [], {}, [Asked("q", (SKILL.id,))], {"q": state})[SKILL.id]


def test_a_drill_passed_unaided_is_evidence():
    evidence = of_drill(attempts=1, passes=1, unaided=True)
    assert (evidence.drills, evidence.passed, evidence.unaided) == (1, 1, 1)
    assert evidence.share == 1.0


def test_a_pass_right_after_seeing_the_reference_is_counted_but_is_no_evidence():
    evidence = of_drill(attempts=1, passes=1, unaided=False)
    assert evidence.passed == 1
    assert evidence.share == 0.0


def test_a_failed_drill_is_no_evidence():
    evidence = of_drill(attempts=3)
    assert (evidence.drills, evidence.passed, evidence.share) == (1, 0, 0.0)


@pytest.mark.parametrize(
    ("apart", "kept"),
    [(None, 0), (timedelta(0), 0), (KEPT_AFTER - timedelta(seconds=1), 0), (KEPT_AFTER, 1)],
)
def test_a_question_counts_when_it_is_right_again_weeks_later(apart, kept):
    evidence = of_question(apart)
    assert (evidence.questions, evidence.kept) == (1, kept)


def test_drills_and_questions_weigh_the_same_whatever_their_number():
    assert Evidence(SKILL, drills=2, passed=1, unaided=1, questions=50, kept=50).share == 0.75


def test_a_skill_with_nothing_to_show_it_is_not_possible():
    evidence = gather([SKILL], [], {})[SKILL.id]
    assert not evidence.possible
    assert evidence.share == 0.0


def test_every_drill_names_skills_that_exist():
    stray = {skill for drill in all_drills().values() for skill in drill.skills} - SKILLS.keys()
    assert stray == set()


def test_readiness_weighs_skills_by_how_often_posts_ask_for_them():
    often = dataclasses.replace(SKILL, jd_percent=30)
    seldom = dataclasses.replace(SKILL, jd_percent=10)
    shown = Evidence(often, drills=1, passed=1, unaided=1)
    not_shown = Evidence(seldom, drills=1)
    assert readiness([shown, not_shown]) == 0.75


def test_readiness_leaves_out_what_nothing_here_could_show():
    shown = Evidence(SKILL, drills=1, passed=1, unaided=1)
    assert readiness([shown, Evidence(SKILL)]) == 1.0
    assert readiness([Evidence(SKILL)]) is None
    assert readiness([]) is None
