"""What to do today: the drill to go on with, the next new one, the next lesson. No Streamlit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.store import DrillState
from drills.catalogue import Drill
from topics.catalogue import Lesson


@dataclass(frozen=True)
class Suggestions:
    """Each is None where there is nothing of the kind left, or not yet."""

    unfinished: Drill | None
    next_drill: Drill | None
    next_lesson: Lesson | None


def suggest(
    drills: Sequence[Drill],
    lessons: Sequence[Lesson],
    states: Mapping[str, DrillState],
    lessons_read: Collection[str],
) -> Suggestions:
    """Suggestions for a learner. `drills` and `lessons` come in the order of the curriculum.

    The next drill is one of a topic already begun if there is any, and never one whose
    prerequisites (drills or topics) are still open while another is ready.
    """
    tried = [drill for drill in drills if _state(drill, states) == "tried"]
    unfinished = max(tried, key=lambda drill: _last(drill, states), default=None)
    unread = [lesson for lesson in lessons if lesson.id not in lessons_read]
    passed = {drill.id for drill in drills if _state(drill, states) == "passed"}
    done = passed | set(lessons_read)
    begun = set(lessons_read) | {d.topic for d in drills if _state(d, states) != "new"}
    known = {drill.id for drill in drills} | {lesson.id for lesson in lessons}

    def reluctance(drill: Drill) -> tuple[bool, bool]:
        needed = set(drill.prerequisites) & known
        return not needed <= done, drill.topic not in begun

    new = [drill for drill in drills if _state(drill, states) == "new"]
    next_lesson = min(
        unread, key=lambda lesson: not set(lesson.prerequisites) & known <= done, default=None
    )
    return Suggestions(unfinished, min(new, key=reluctance, default=None), next_lesson)


def _state(drill: Drill, states: Mapping[str, DrillState]) -> str:
    return states[drill.id].state if drill.id in states else "new"


def _last(drill: Drill, states: Mapping[str, DrillState]) -> float:
    last = states[drill.id].last_at
    return last.timestamp() if last else 0.0
