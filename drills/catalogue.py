"""The drills that exist, found by looking: one folder with a `statement.md` is one drill."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from verifiers.frontmatter import localized, split_front_matter
from verifiers.spec import DrillSpec

ROOT = Path(__file__).parent
DIFFICULTIES = ("warm-up", "standard", "hard")


class DrillNotFoundError(LookupError):
    """No drill has this id; the message suggests near ones."""


@dataclass(frozen=True)
class Drill:
    """A drill as the learner meets it: the front matter and text of its statement."""

    id: str
    topic: str
    title: str
    difficulty: str
    minutes: int
    skills: tuple[str, ...]
    prerequisites: tuple[str, ...]
    statement: str
    hints: tuple[str, ...]
    spec: DrillSpec

    @property
    def entry(self) -> str:
        return self.spec.entry

    @property
    def starter(self) -> str:
        return self.spec.starter_path.read_text(encoding="utf-8")

    @property
    def reference(self) -> str:
        return self.spec.reference_path.read_text(encoding="utf-8")


def load_drill(folder: Path, language: str = "en") -> Drill:
    """Read one drill's folder. Raises ValueError naming the file and what is wrong with it."""
    path = localized(folder / "statement.md", language)
    try:
        meta, body = split_front_matter(path.read_text(encoding="utf-8"))
        limits = {key: meta[key] for key in ("time_limit", "memory_mib") if key in meta}
        statement, *hints = re.split(r"^## Hint(?: \d+)?\s*$", body, flags=re.MULTILINE)
        if meta["difficulty"] not in DIFFICULTIES:
            raise ValueError(f"difficulty {meta['difficulty']!r} is not one of {DIFFICULTIES}")
        return Drill(
            id=folder.name,
            topic=folder.parent.name,
            title=meta["title"],
            difficulty=meta["difficulty"],
            minutes=int(meta["minutes"]),
            skills=tuple(meta["skills"]),
            prerequisites=tuple(meta.get("prerequisites", ())),
            statement=statement.strip(),
            hints=tuple(hint.strip() for hint in hints),
            spec=DrillSpec(
                id=folder.name,
                folder=folder,
                entry=meta["entry"],
                forbidden=tuple(meta.get("forbidden", ())),
                **limits,
            ),
        )
    except (KeyError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path.relative_to(ROOT.parent)}: {error!r}") from error


@functools.cache
def all_drills(language: str = "en") -> dict[str, Drill]:
    """Every drill by id, topics and ids in alphabetical order."""
    folders = sorted(path.parent for path in ROOT.glob("*/*/statement.md"))
    return {folder.name: load_drill(folder, language) for folder in folders}


def get_drill(drill_id: str, language: str = "en") -> Drill:
    """One drill. Raises DrillNotFoundError with the nearest ids."""
    import difflib

    drills = all_drills(language)
    if drill_id in drills:
        return drills[drill_id]
    near = difflib.get_close_matches(drill_id, drills, n=3, cutoff=0.4)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise DrillNotFoundError(
        f"there is no drill called {drill_id!r}.{hint} `python -m app drills` lists them all."
    )
