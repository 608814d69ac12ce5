"""How a content file is read: YAML front matter, then text, with a sibling per language.

Drills, lessons and questions all start this way, so it lives below them all.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Split `---` YAML `---` body. Raises ValueError where the front matter is missing."""
    match = re.match(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
    if not match:
        raise ValueError("starts without front matter between two lines of ---")
    return yaml.safe_load(match[1]) or {}, match[2].strip()


def localized(path: Path, language: str) -> Path:
    """The sibling of a content file in another language (`x.zh.md`), or the file itself."""
    sibling = path.with_suffix(f".{language}{path.suffix}")
    return sibling if language != "en" and sibling.exists() else path
