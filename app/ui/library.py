"""Topics as the pages show them: a lesson, its drills and its questions under one id."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from drills.catalogue import DIFFICULTIES, Drill, all_drills
from topics.catalogue import Lesson, all_lessons
from topics.skills import all_skills

LAST_PART = 99  # where topics stand that have drills but no lesson yet


@dataclass(frozen=True)
class Topic:
    """One topic of the curriculum, as far as there is material on it."""

    id: str
    title: str
    part: int
    lesson: Lesson | None
    drills: tuple[Drill, ...]


@functools.cache
def all_topics(language: str = "en") -> dict[str, Topic]:
    """Every topic with a lesson or a drill by id, in the order of the curriculum."""
    lessons = all_lessons(language)
    drills: dict[str, list[Drill]] = {topic: [] for topic in lessons}
    for drill in all_drills(language).values():
        drills.setdefault(drill.topic, []).append(drill)
    return {
        topic: Topic(
            id=topic,
            title=lessons[topic].title if topic in lessons else readable(topic),
            part=lessons[topic].part if topic in lessons else LAST_PART,
            lesson=lessons.get(topic),
            drills=tuple(sorted(found, key=_by_difficulty)),
        )
        for topic, found in drills.items()
    }


def parts(language: str = "en") -> dict[int, list[Topic]]:
    """The topics by part of the curriculum, in order."""
    grouped: dict[int, list[Topic]] = {}
    for topic in all_topics(language).values():
        grouped.setdefault(topic.part, []).append(topic)
    return dict(sorted(grouped.items()))


def ordered_drills(language: str = "en") -> list[Drill]:
    """Every drill in the order one would take them: by topic of the curriculum, easier first."""
    return [
        drill for topics in parts(language).values() for topic in topics for drill in topic.drills
    ]


def skills_of_drills() -> list[str]:
    """The skills that at least one drill shows, in the order of the checklist."""
    named = {skill for drill in all_drills().values() for skill in drill.skills}
    return [skill for skill in all_skills() if skill in named]


def skill_title(skill_id: str, language: str = "en") -> str:
    """A skill's name; its id where the checklist does not have it."""
    known = all_skills()
    return known[skill_id].title(language) if skill_id in known else readable(skill_id)


def readable(identifier: str) -> str:
    """`text-representation` as words: "Text representation"."""
    return identifier.replace("-", " ").replace("_", " ").capitalize()


def _by_difficulty(drill: Drill) -> tuple[int, int, str]:
    return DIFFICULTIES.index(drill.difficulty), drill.minutes, drill.id
