"""A question as its file states it, and as it is shown once: shuffled, with numbers drawn.

Plain frozen data. What differs between kinds lies in `body`, whose type each module of
`question_bank/kinds/` defines beside its reader and its grader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LEVELS = ("warm-up", "standard", "specialist")

Answer = int | str | tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """One question file.

    `covers` holds ids of the list of interview questions (`10.03`), `traps` the numbers of
    common false claims it corrects, `drills` the ids of drills that practise the same thing.
    """

    id: str
    topic: str
    kind: str
    title: str
    level: str
    skills: tuple[str, ...]
    source: str
    prompt: str
    explanation: str
    body: Any
    path: Path
    covers: tuple[str, ...] = ()
    traps: tuple[int, ...] = ()
    drills: tuple[str, ...] = ()

    @property
    def parametrised(self) -> bool:
        return self.kind == "parametrised"


@dataclass(frozen=True)
class Shown:
    """A question as one learner meets it. The same seed shows the same thing again.

    `choices` are the options, items, left sides, lines or key points in the order shown and
    `order[i]` is where choice i stands in the file. `targets` are the right sides of a match.
    `drawn` holds the numbers of a numeric question and `filling` those and what was derived from
    them, for texts with gaps. `unit` is the unit asked for. `key` is for the grader only.
    """

    question: Question
    seed: int
    prompt: str
    explanation: str
    choices: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    targets: tuple[str, ...] = ()
    target_order: tuple[int, ...] = ()
    drawn: Mapping[str, Any] = field(default_factory=dict)
    filling: Mapping[str, Any] = field(default_factory=dict)
    unit: str = ""
    key: Any = None
