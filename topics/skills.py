"""The job-skills checklist: what posts ask for (`skills.toml`), and which of it one post asks for.

Drills, lessons and questions name the skills they give evidence for in their front matter, so a new
one needs no change here.
"""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "skills.toml"
EVIDENCE_KINDS = ("drill", "num", "quiz", "rubric", "lab", "artefact")
POSTS_READ_CN = 13
_SEPARATOR = r"[\s\-‐‑–]"


@dataclass(frozen=True)
class Group:
    """Skills that belong together."""

    id: str
    name: str
    name_zh: str


@dataclass(frozen=True)
class Skill:
    """One row of the checklist.

    `jd_percent` is the share of posts in English that name it, in percent; `cn_posts` how many of
    the 13 Chinese posts read do. Sources, dates and caveats stand at the top of `skills.toml`.
    `evidence` lists what can show the skill, of EVIDENCE_KINDS.
    """

    id: str
    group: str
    name: str
    name_zh: str
    aliases: tuple[str, ...]
    aliases_zh: tuple[str, ...]
    jd_percent: int
    cn_posts: int
    evidence: tuple[str, ...]

    def title(self, language: str = "en") -> str:
        return self.name_zh if language == "zh" else self.name


@functools.cache
def groups() -> dict[str, Group]:
    """The groups by id, in the order in which they are shown."""
    return {key: Group(id=key, **row) for key, row in _document()["groups"].items()}


@functools.cache
def all_skills() -> dict[str, Skill]:
    """Every skill by id, group by group. Raises ValueError for a row that is not well formed."""
    return {key: _skill(key, row) for key, row in _document()["skills"].items()}


def match_job_post(text: str) -> list[tuple[Skill, str]]:
    """The skills that a job post names, each with the words of the post that name it first.

    Longer aliases are looked for first and keep the words they matched, so that "Triton server"
    names serving and not also kernels. The skills come in the order of the checklist.
    """
    found: dict[str, tuple[int, str]] = {}
    rest, squashed = text, _squash(text)
    for alias in _aliases():
        if alias.squashed not in squashed:
            continue
        for match in alias.pattern.finditer(rest):
            words = " ".join(text[slice(*match.span())].split())
            found[alias.skill] = min(
                found.get(alias.skill, (len(text), "")), (match.start(), words)
            )
        rest = alias.pattern.sub(lambda match: "\0" * len(match.group()), rest)
    return [(skill, found[key][1]) for key, skill in all_skills().items() if key in found]


@dataclass(frozen=True)
class _Alias:
    skill: str
    squashed: str
    pattern: re.Pattern[str]


@functools.cache
def _aliases() -> tuple[_Alias, ...]:
    """Every alias of every skill, the longest first."""
    pairs = [
        (alias, skill.id)
        for skill in all_skills().values()
        for alias in (*skill.aliases, *skill.aliases_zh)
    ]
    pairs.sort(key=lambda pair: -len(pair[0]))
    return tuple(_Alias(skill, _squash(alias), _pattern(alias)) for alias, skill in pairs)


def _squash(text: str) -> str:
    """The text without case and separators: what is not in there cannot match."""
    return re.sub(rf"{_SEPARATOR}+", "", text).lower()


def _pattern(alias: str) -> re.Pattern[str]:
    """A regular expression for one alias; `skills.toml` says what an alias matches."""
    words = [re.escape(word) for word in re.split(r"[ -]", alias)]
    body = rf"{_SEPARATOR}{{0,2}}".join(words)
    if not alias.isascii():
        return re.compile(body, re.IGNORECASE)  # Chinese has no spaces to end a word
    ending = "(?:e?s)?" if alias[-1].isalnum() else ""
    bounded = rf"(?<![A-Za-z0-9_]){body}{ending}(?![A-Za-z_])"
    return re.compile(bounded, re.IGNORECASE if alias.islower() else 0)


@functools.cache
def _document() -> dict[str, Any]:
    return tomllib.loads(PATH.read_text(encoding="utf-8"))


def _skill(key: str, row: dict[str, Any]) -> Skill:
    try:
        skill = Skill(id=key, **{name: _frozen(value) for name, value in row.items()})
    except TypeError as error:
        raise ValueError(f"{PATH.name}: skill {key!r}: {error}") from error
    if skill.group not in groups():
        raise ValueError(f"{PATH.name}: skill {key!r}: there is no group {skill.group!r}")
    if unknown := set(skill.evidence) - set(EVIDENCE_KINDS):
        raise ValueError(f"{PATH.name}: skill {key!r}: unknown evidence {min(unknown)!r}")
    return skill


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
