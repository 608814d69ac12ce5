"""What the learner has shown of each skill: evidence, kept apart from what they say of themselves.

A drill gives evidence once it was passed without having just read the reference. A question does
once it was answered right and, two weeks or more after the first right answer, right again. What
they are evidence of stands in their front matter. Pure functions over what the store returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from app.store.summaries import DrillState, QuestionState
from topics.skills import Skill

RETAINED_AFTER = timedelta(days=14)
ENOUGH = 0.8  # of a skill's drills passed, and of its questions retained, for it to count as shown

Status = Literal["unmeasured", "none", "begun", "shown"]


class Practice(Protocol):
    """A drill or a question: it has an id and names the skills it shows."""

    @property
    def id(self) -> str: ...
    @property
    def skills(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class SkillEvidence:
    """What there is to show one skill with, and what of it was shown. All are ids.

    `passed` counts every pass, `unaided` only those that are evidence; `retained` are the questions
    answered right again after two weeks. `self_level` is the learner's own word, 0 to 4.
    """

    skill: Skill
    drills: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    unaided: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    retained: tuple[str, ...] = ()
    self_level: int | None = None

    @property
    def measured(self) -> bool:
        """Whether a drill or a question here could show the skill."""
        return bool(self.drills or self.questions)

    @property
    def score(self) -> float:
        """From 0 to 1: the share shown of the drills and of the questions, averaged."""
        shares = self._shares()
        return sum(shares) / len(shares) if shares else 0.0

    @property
    def status(self) -> Status:
        """`unmeasured` where no drill or question shows the skill: it is not held against them."""
        if not self.measured:
            return "unmeasured"
        if min(self._shares()) >= ENOUGH:
            return "shown"
        return "begun" if self.passed or self.answered else "none"

    def _shares(self) -> list[float]:
        pairs = ((self.unaided, self.drills), (self.retained, self.questions))
        return [len(shown) / len(all_) for shown, all_ in pairs if all_]


def skill_evidence(
    skills: Mapping[str, Skill],
    drills: Iterable[Practice],
    drill_states: Mapping[str, DrillState],
    questions: Iterable[Practice] = (),
    question_states: Mapping[str, QuestionState] | None = None,
    self_levels: Mapping[str, int] | None = None,
) -> dict[str, SkillEvidence]:
    """The evidence for every skill, in the order of `skills`."""
    answers = question_states or {}
    drills_of, questions_of = _by_skill(drills), _by_skill(questions)
    unseen = DrillState("")

    def evidence(skill: Skill) -> SkillEvidence:
        own, asked = drills_of.get(skill.id, ()), questions_of.get(skill.id, ())
        return SkillEvidence(
            skill=skill,
            drills=own,
            passed=tuple(one for one in own if drill_states.get(one, unseen).passes),
            unaided=tuple(one for one in own if drill_states.get(one, unseen).unaided),
            questions=asked,
            answered=tuple(one for one in asked if one in answers and answers[one].correct),
            retained=tuple(one for one in asked if one in answers and retained(answers[one])),
            self_level=(self_levels or {}).get(skill.id),
        )

    return {key: evidence(skill) for key, skill in skills.items()}


def retained(state: QuestionState) -> bool:
    """Whether a right answer came two weeks or more after the first, and the last was right."""
    first, last = state.first_correct_at, state.last_correct_at
    return bool(state.last_correct and first and last and last - first >= RETAINED_AFTER)


def readiness(evidence: Iterable[SkillEvidence]) -> float | None:
    """From 0 to 1: the scores weighted by how many posts ask for the skill.

    Skills that nothing here measures are left out; None where that leaves none.
    """
    measured = [one for one in evidence if one.measured]
    weight = sum(one.skill.jd_percent for one in measured)
    if not weight:
        return None
    return sum(one.score * one.skill.jd_percent for one in measured) / weight


def _by_skill(items: Iterable[Practice]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for item in items:
        for skill in item.skills:
            found.setdefault(skill, []).append(item.id)
    return {skill: tuple(ids) for skill, ids in found.items()}
