"""Published models by name, read from presets.toml."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from topics.labs.memory.families import model_from_config
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.units import refuse
from topics.phrases import say

FILE = Path(__file__).parent / "presets.toml"
# Words in a model's name that say how it was tuned, packed or dated, not how large it is.
TUNED = re.compile(
    r"hf|instruct|chat|base|it|pt|thinking|uncased|preview|beta|original"
    r"|awq|gptq|gguf|bnb|fp8|bf16|int4|int8|4bit|8bit"
)
DATED = re.compile(r"v\d+(\.\d+)*|\d{4}")


@dataclass(frozen=True)
class Preset:
    """A published model: its family for menus, its config, and the count that its source prints."""

    name: str
    family: str
    source: str
    published: float  # parameters, in units of 1e9
    config: MappingProxyType[str, Any]
    aliases: tuple[str, ...] = ()


@cache
def all_presets() -> dict[str, Preset]:
    """Every preset by name, in the order of the file (which groups families)."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: Preset(
            name,
            table["family"],
            table["source"],
            table["published"],
            MappingProxyType(table["config"]),
            tuple(table.get("aliases", ())),
        )
        for name, table in tables.items()
    }


@cache
def _by_key() -> dict[str, str]:
    names: dict[str, str] = {}
    for preset in all_presets().values():
        for alias in (preset.name, *preset.aliases):
            names.setdefault(alias.replace("-", ""), preset.name)
    return names


def _keys(name: str) -> Iterator[str]:
    """ "Qwen/Qwen2.5-7B-Instruct", "qwen2.5_7b" and "qwen2.5-7b" are the same model."""
    short = name.strip().lower().rsplit("/", 1)[-1]
    dotted = re.sub(r"(?<=\d)_(?=\d)", ".", short)  # phi-1_5, stablelm-2-1_6b
    for spelled in (short, dotted):
        words = re.split(r"[-_\s]+", spelled)
        untuned = [word for word in words if not TUNED.fullmatch(word)]
        yield "".join(words)
        yield "".join(untuned)
        yield "".join(word for word in untuned if not DATED.fullmatch(word))
        while len(words) > 1 and (TUNED.fullmatch(words[-1]) or DATED.fullmatch(words[-1])):
            words.pop()  # only from the end: in "bert-base-uncased" one of the two is its name
            yield "".join(words)


def find_preset(name: str) -> Preset | None:
    """The preset of that name or alias, however it is spelled; None where there is none."""
    found = next((_by_key()[key] for key in _keys(name) if key in _by_key()), None)
    return all_presets()[found] if found else None


@cache
def preset(name: str) -> ModelConfig:
    """The shape of a published model. Raises SettingError with the nearest names otherwise."""
    found = find_preset(name)
    if found is None:
        near = difflib.get_close_matches(name.lower(), all_presets(), n=4, cutoff=0.4)
        hint = say("; near it: {names}", names=", ".join(near)) if near else ""
        raise refuse(
            "no preset is called {name!r}{hint}. `estimate --list` shows them all; a "
            "config.json or --params N works for any other model",
            name=name,
            hint=hint,
        )
    return model_from_config(found.config, name=found.name)
