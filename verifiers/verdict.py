"""What a judgement says: the verdict, the result of each check, and the misconception behind it.

Plain data, no torch: the app draws a verdict without importing what made it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal[
    "passed",
    "failed",
    "forbidden",
    "syntax_error",
    "runtime_error",
    "time_limit",
    "memory_limit",
    "output_limit",
    "crashed",
    "judge_error",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class CheckResult:
    """One check of a drill: its name, whether it passed, and the first thing that differs."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """What the learner probably misunderstood.

    `mistake` names the known mistake that behaves like the submission, in every check or in most
    that fail. It is None when two look the same, or when only a hint could be inferred (a constant
    factor, a transpose, a missing gradient).
    """

    mistake: str | None
    explanation: str


@dataclass(frozen=True)
class Verdict:
    """The outcome of one submission."""

    drill: str
    verdict: Kind
    seed: int
    device: str
    wall_ms: float
    checks: tuple[CheckResult, ...] = ()
    diagnosis: Diagnosis | None = None
    printed: str = ""
    message: str = ""  # one sentence for the learner: why this verdict, and what to do next

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Verdict:
        diagnosis = data.get("diagnosis")
        return cls(
            **{
                **data,
                "checks": tuple(CheckResult(**check) for check in data["checks"]),
                "diagnosis": Diagnosis(**diagnosis) if diagnosis else None,
            }
        )
