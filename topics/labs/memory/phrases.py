"""The lab's sentences in other languages: `phrases.<language>.toml`, by English sentence."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path


@functools.cache
def phrases(language: str) -> Mapping[str, str]:
    """For `topics.phrases.speaking`; empty for English and for a language without a file."""
    path = Path(__file__).with_name(f"phrases.{language}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
