"""What the store says, read once for a run of a page."""

from __future__ import annotations

from dataclasses import dataclass

from app.readiness import SkillEvidence, skill_evidence
from app.store import DrillState, QuestionState, SelfAssessment
from app.ui import question_links
from app.ui.services import store
from drills.catalogue import all_drills
from topics.skills import all_skills

LESSON_READ = "lesson_read"
GAVE_UP = "gave_up"
HINT_SHOWN = "hint_shown"


@dataclass(frozen=True)
class Standing:
    """Where the learner stands with everything."""

    drills: dict[str, DrillState]
    questions: dict[str, QuestionState]
    lessons_read: frozenset[str]
    self_assessments: dict[str, SelfAssessment]

    @property
    def newcomer(self) -> bool:
        """Nothing tried, nothing answered, nothing read, nothing rated."""
        tried = any(state.attempts for state in self.drills.values())
        return not (tried or self.questions or self.lessons_read or self.self_assessments)

    def evidence(self) -> dict[str, SkillEvidence]:
        """What is shown of every skill, by its id."""
        return skill_evidence(
            all_skills(),
            all_drills().values(),
            self.drills,
            question_links.questions(),
            self.questions,
        )


def standing() -> Standing:
    """Everything the overview pages need, in one session of the database."""
    progress = store()
    with progress.reading():
        return Standing(
            drills=progress.drill_states(all_drills()),
            questions=progress.question_states(),
            lessons_read=lessons_read(),
            self_assessments=progress.self_assessments(),
        )


def lessons_read() -> frozenset[str]:
    """The topics whose lesson the learner marked as read."""
    return frozenset(event.subject for event in store().events(LESSON_READ))
