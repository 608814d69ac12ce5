"""Question files are Markdown under YAML front matter; this cuts them into fields and bullets.

---            a field is read with `document.field("level", str)`; a missing or wrong one
level: …       raises SchemaError, which names the file and the field
---
The prompt.
## Options     a section; `bullets` reads its list:
- [x] text     an item, ticked or not,
  > why        and below it the reason, quoted
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

Value = TypeVar("Value")
BULLET = re.compile(r"(?:- (?:\[(?P<mark>[ xX])\] )?|\d+\. )(?P<text>.*)")
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


class SchemaError(ValueError):
    """A question file breaks the schema: which file, which field, what to do."""

    def __init__(self, path: Path, field: str, problem: str) -> None:
        super().__init__(f"{'/'.join(path.parts[-2:])}: {field}: {problem}")
        self.path = path
        self.field = field
        self.problem = problem


@dataclass(frozen=True)
class Bullet:
    """One list item: its tick (None without a box), its text, and the quoted reason under it."""

    text: str
    why: str = ""
    ticked: bool | None = None


@dataclass(frozen=True)
class Document:
    """A question file cut into front matter, prompt and sections."""

    path: Path
    meta: dict[str, Any]
    prompt: str
    sections: dict[str, str]

    def error(self, field: str, problem: str) -> SchemaError:
        return SchemaError(self.path, field, problem)

    def field(self, name: str, kind: type[Value], default: Value | None = None) -> Value:
        """One field of the front matter. Raises SchemaError where it is missing or mistyped."""
        value = self.meta.get(name, default)
        if value is None:
            raise self.error(name, "is missing from the front matter")
        if (kind in (int, float) and isinstance(value, bool)) or not isinstance(value, kind):
            wanted = {"str": "text", "dict": "a mapping"}.get(kind.__name__, kind.__name__)
            raise self.error(name, f"should be {wanted}, but it is {value!r}")
        return value

    def words(self, name: str, *, needed: bool = False) -> tuple[str, ...]:
        """A list of short texts; numbers such as 10.03 must be quoted in the file."""
        values: list[Any] = self.field(name, list, None if needed else [])
        for value in values:
            if not isinstance(value, str):
                raise self.error(name, f"should hold text; put {value!r} in quotes")
        if needed and not values:
            raise self.error(name, "should name at least one")
        return tuple(values)

    def section(self, name: str) -> str:
        """The text under `## name`. Raises SchemaError where there is none."""
        if not self.sections.get(name):
            raise self.error(f"## {name}", "the section is missing or empty")
        return self.sections[name]

    def bullets(self, name: str, *, needed: bool = True) -> tuple[Bullet, ...]:
        """The list under `## name`."""
        if not needed and name not in self.sections:
            return ()
        items = bullets(self.section(name))
        if not items:
            raise self.error(f"## {name}", "holds no list; start each item with “- ” or “1. ”")
        return items

    def code(self, name: str = "") -> tuple[str, str]:
        """Language and text of the first fenced block of a section, or of the prompt."""
        match = FENCE.search(self.section(name) + "\n" if name else self.prompt + "\n")
        if not match:
            where = f"## {name}" if name else "prompt"
            raise self.error(where, "should hold a block between two lines of ```")
        return match["language"], match["code"].rstrip("\n")


def read_document(path: Path) -> Document:
    """Cut a file. Raises SchemaError where it has no readable front matter or repeats a section."""
    text = path.read_text(encoding="utf-8")
    match = re.match(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
    if not match:
        raise SchemaError(path, "front matter", "should stand between two lines of --- at the top")
    try:
        meta = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise SchemaError(path, "front matter", f"is not YAML: {problem}") from error
    if not isinstance(meta, dict):
        raise SchemaError(path, "front matter", "should be lines of `field: value`")
    prompt, sections = _cut(path, match[2])
    if not prompt:
        raise SchemaError(path, "prompt", "is empty; it stands between the front matter and ##")
    return Document(path, meta, prompt, sections)


def _cut(path: Path, body: str) -> tuple[str, dict[str, str]]:
    """The prompt and the sections; a `## ` inside a code block is code."""
    name, fenced = "", False
    parts: dict[str, list[str]] = {"": []}
    for line in body.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            name = line[3:].strip()
            if name in parts:
                raise SchemaError(path, f"## {name}", "appears twice")
            parts[name] = []
        else:
            parts[name].append(line)
    texts = {name: "\n".join(lines).strip() for name, lines in parts.items()}
    return texts.pop(""), texts


def bullets(text: str) -> tuple[Bullet, ...]:
    """The items of a list; indented lines continue an item, quoted ones give its reason."""
    found: list[tuple[bool | None, list[str], list[str]]] = []
    for line in text.splitlines():
        if match := BULLET.match(line):
            mark = match["mark"]
            found.append((None if mark is None else mark in "xX", [match["text"]], []))
        elif found and line.strip().startswith(">"):
            found[-1][2].append(line.strip()[1:].strip())
        elif found:
            found[-1][1].append(line.strip())
    return tuple(
        Bullet("\n".join(lines).strip(), " ".join(why).strip(), ticked)
        for ticked, lines, why in found
    )
