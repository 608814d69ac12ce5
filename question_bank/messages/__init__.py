"""What graders and parsers say, kept as a code and values so that any language can word it.

A `Note` travels inside a `Grade` or an error; `text(language)` looks its sentence up in
`<language>.toml` beside this file and falls back to English.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Note:
    """One sentence for the learner: which one, and what to put into its gaps.

    A value may itself be a note (a hint inside a verdict); it is worded in the same language.
    """

    code: str
    values: dict[str, Any] = field(default_factory=dict)

    def text(self, language: str = "en") -> str:
        sentence = catalogue(language).get(self.code) or catalogue("en")[self.code]
        values = {
            name: value.text(language) if isinstance(value, Note) else value
            for name, value in self.values.items()
        }
        return sentence.format(**values).strip()

    def __str__(self) -> str:
        return self.text()


def note(code: str, **values: Any) -> Note:
    """Shorthand: `note("unit_unknown", unit="foo")`."""
    return Note(code, values)


@functools.cache
def catalogue(language: str) -> dict[str, str]:
    """Every sentence of one language by code; empty where the language has no file."""
    path = FOLDER / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
