"""Beam search over a model asked one step at a time, and the model stored for the lesson."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

END = "</s>"
SPOKEN_END = "[end]"  # what the page shows: it would take the mark itself for HTML
DATA = Path(__file__).parent / "trigrams.json"


class Model(Protocol):
    """A trigram model: the likeliest next words after two words."""

    def continuations(self, previous: str, last: str) -> tuple[tuple[str, float], ...]:
        """(word, log-probability), likeliest first."""
        ...


@dataclass(frozen=True)
class Hypothesis:
    """A continuation of the start: its words, and the sum of their log-probabilities (nats)."""

    words: tuple[str, ...]
    log_probability: float

    @property
    def finished(self) -> bool:
        return bool(self.words) and self.words[-1] == END

    def score(self, length_penalty: float) -> float:
        """log P / length**penalty; 0 is the plain sum, 1 the mean (Hugging Face's convention)."""
        return self.log_probability / max(len(self.words), 1) ** length_penalty


def search(model: Model, start: tuple[str, ...], width: int, steps: int) -> list[Hypothesis]:
    """Every finished hypothesis met, and the `width` that are still open after `steps`.

    At each step all continuations of the open hypotheses compete; the best `width` that do not end
    stay open, and those that end above them are put aside as finished.
    """
    open_ = [Hypothesis((), 0.0)]
    finished: list[Hypothesis] = []
    for _ in range(steps):
        candidates = [
            Hypothesis((*one.words, word), one.log_probability + log_p)
            for one in open_
            for word, log_p in model.continuations(*(start + one.words)[-2:])
        ]
        candidates.sort(key=lambda one: -one.log_probability)
        open_ = []
        for one in candidates:
            (finished if one.finished else open_).append(one)
            if len(open_) == width:
                break
    return finished + open_


@functools.cache
def stored() -> dict[str, Any]:
    """The content of `trigrams.json`."""
    data: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return data


class StoredModel:
    """The rows of the trigram model that a beam of up to five, eight steps deep, can reach."""

    def continuations(self, previous: str, last: str) -> tuple[tuple[str, float], ...]:
        return tuple((word, log_p) for word, log_p in stored()["rows"][f"{previous} {last}"])
