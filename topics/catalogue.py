"""The lessons that exist, found by looking: a folder with a `lesson.md` is a topic with a lesson.

Its text is `lesson.md` (and `lesson.zh.md`), its live figures are in `figures*.py`, and their words
in Chinese in `figures.zh.toml`. Nothing is registered anywhere else.
"""

from __future__ import annotations

import functools
import importlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from topics.blocks import Block, FigureRef, LessonError, Misconception, Text, parse_blocks
from topics.figure import Figure, localize
from verifiers.frontmatter import localized, split_front_matter

__all__ = [
    "CLOSING_SECTIONS",
    "Block",
    "FigureRef",
    "Lesson",
    "LessonError",
    "LessonNotFoundError",
    "Misconception",
    "Text",
    "all_lessons",
    "figures",
    "get_lesson",
    "load_lesson",
    "parse_blocks",
]

ROOT = Path(__file__).parent
CLOSING_SECTIONS = {
    "en": ("What a strong answer adds", "Read on"),
    "zh": ("出色的回答还会说什么", "延伸阅读"),
}


class LessonNotFoundError(LookupError):
    """No topic with this id has a lesson."""


@dataclass(frozen=True)
class Lesson:
    """A lesson as the page shows it."""

    id: str
    title: str
    part: int
    order: int
    minutes: int
    summary: str
    skills: tuple[str, ...]
    prerequisites: tuple[str, ...]
    blocks: tuple[Block, ...]


def load_lesson(folder: Path, language: str = "en") -> Lesson:
    """Read one lesson. A translation need only give the front matter that differs (title, summary).

    Raises LessonError naming the file and what is wrong with it.
    """
    path = folder / "lesson.md"
    try:
        meta, body, first_line = _read(path)
        sibling = localized(path, language)
        if sibling != path:
            path = sibling
            own, body, first_line = _read(path)
            meta = meta | own
        return Lesson(
            id=folder.name,
            title=str(meta["title"]),
            part=int(meta["part"]),
            order=int(meta["order"]),
            minutes=int(meta["minutes"]),
            summary=str(meta["summary"]),
            skills=tuple(meta["skills"]),
            prerequisites=tuple(meta.get("prerequisites") or ()),
            blocks=parse_blocks(body, first_line),
        )
    except KeyError as error:
        raise LessonError(f"{_shown(path)}: line 1: front matter lacks {error}") from error
    except (ValueError, TypeError, yaml.YAMLError) as error:
        raise LessonError(f"{_shown(path)}: {error}") from error


def _read(path: Path) -> tuple[dict[str, Any], str, int]:
    text = path.read_text(encoding="utf-8")
    try:
        meta, body = split_front_matter(text)
    except ValueError as error:
        raise LessonError(f"line 1: {error}") from error
    return meta, body, text[: text.rfind(body)].count("\n") + 1


def _shown(path: Path) -> Path:
    return path.relative_to(ROOT.parent) if path.is_relative_to(ROOT.parent) else path


@functools.cache
def all_lessons(language: str = "en") -> dict[str, Lesson]:
    """Every lesson by topic id, in the order of the curriculum: by part, then order."""
    lessons = [load_lesson(path.parent, language) for path in ROOT.glob("*/lesson.md")]
    return {lesson.id: lesson for lesson in sorted(lessons, key=lambda x: (x.part, x.order, x.id))}


def get_lesson(topic_id: str, language: str = "en") -> Lesson:
    """One lesson. Raises LessonNotFoundError with the ids that exist."""
    lessons = all_lessons(language)
    if topic_id not in lessons:
        raise LessonNotFoundError(
            f"there is no lesson on {topic_id!r}; there are: {', '.join(lessons)}"
        )
    return lessons[topic_id]


@functools.cache
def figures(topic_id: str, language: str = "en") -> dict[str, Figure]:
    """A topic's live figures by id: the FIGURES of every `figures*.py` in its folder.

    With a language other than English, words found in `figures.<language>.toml` replace English.
    """
    folder = ROOT / topic_id
    found: dict[str, Figure] = {}
    for path in sorted(folder.glob("figures*.py")):
        # A topic's id may hold a hyphen, which an import statement cannot say and this can.
        module = importlib.import_module(f"{__package__}.{topic_id}.{path.stem}")
        for figure in module.FIGURES:
            if figure.id in found:
                raise LessonError(f"{_shown(path)}: two figures are called {figure.id!r}")
            found[figure.id] = figure
    phrases = _phrases(folder / f"figures.{language}.toml")
    return {key: localize(figure, phrases) for key, figure in found.items()} if phrases else found


def _phrases(path: Path) -> dict[str, str]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise LessonError(f"{_shown(path)}: {error}") from error
