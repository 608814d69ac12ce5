"""What the learner has shown of each skill, and of each group of skills. No Streamlit.

Evidence is what was proved, never what was said: drills passed without having just seen the
reference, and questions answered correctly again weeks after the first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from app.store import DrillState, QuestionState
from drills.catalogue import Drill
from topics.skills import Skill

KEPT_AFTER = timedelta(days=14)  # a right answer this long after the first shows that it stayed


class Tagged(Protocol):
    """Anything that names the skills it is evidence for."""

    @property
    def id(self) -> str: ...
    @property
    def skills(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Evidence:
    """What is shown of one skill. Counts are of drills, and of questions."""

    skill: Skill
    drills: int = 0
    passed: int = 0
    unaided: int = 0
    questions: int = 0
    kept: int = 0

    @property
    def possible(self) -> bool:
        """Whether there is anything here that could show the skill."""
        return bool(self.drills or self.questions)

    @property
    def share(self) -> float:
        """How much is shown, 0 to 1: the mean over drills and over questions, where they exist."""
        shares = []
        if self.drills:
            shares.append(self.unaided / self.drills)
        if self.questions:
            shares.append(self.kept / self.questions)
        return sum(shares) / len(shares) if shares else 0.0


def gather(
    skills: Iterable[Skill],
    drills: Iterable[Drill],
    states: Mapping[str, DrillState],
    questions: Iterable[Tagged] = (),
    answered: Mapping[str, QuestionState] | None = None,
) -> dict[str, Evidence]:
    """The evidence for every skill, by its id."""
    drills, questions, answered = list(drills), list(questions), answered or {}
    return {
        skill.id: _of(
            skill,
            [states.get(drill.id) for drill in drills if skill.id in drill.skills],
            [answered.get(question.id) for question in questions if skill.id in question.skills],
        )
        for skill in skills
    }


def readiness(evidence: Iterable[Evidence]) -> float | None:
    """The mean share of these skills, weighted by how often posts ask for each.

    Skills that nothing here could show are left out; None where that leaves none.
    """
    possible = [item for item in evidence if item.possible]
    weight = sum(max(item.skill.jd_percent, 1) for item in possible)
    if not weight:
        return None
    return sum(item.share * max(item.skill.jd_percent, 1) for item in possible) / weight


def _of(
    skill: Skill, drills: list[DrillState | None], questions: list[QuestionState | None]
) -> Evidence:
    return Evidence(
        skill,
        drills=len(drills),
        passed=sum(state is not None and state.passes > 0 for state in drills),
        unaided=sum(state is not None and state.unaided for state in drills),
        questions=len(questions),
        kept=sum(state is not None and _kept(state) for state in questions),
    )


def _kept(state: QuestionState) -> bool:
    first, last = state.first_correct_at, state.last_correct_at
    return first is not None and last is not None and last - first >= KEPT_AFTER
