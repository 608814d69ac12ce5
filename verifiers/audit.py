"""Prove a drill's verifier: what must pass passes, what must fail fails and is told apart.

Everything here goes through the engine as a learner's submission would, unless `engine_seeds`
says that it need not on all seeds.
"""

from __future__ import annotations

import dataclasses
import tomllib
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from verifiers.judge import Judge
from verifiers.mutate import Mutant, mutants
from verifiers.result import compare_check
from verifiers.spec import DrillSpec
from verifiers.verdict import Verdict
from verifiers.workbench import expectations, load_workbench, solutions_in

MUTANTS_TO_KILL = 0.95  # of those that are not explained as equivalent
ON_ONE_SEED = 20  # so many in a row, as the reference then runs once for all
REFERENCE = "the reference"
MUTANT_TIME_LIMIT = 3.0  # seconds; a mutant may loop for ever

Progress = Callable[[str], None]


@dataclass
class AuditReport:
    """What an audit found. Empty lists mean that all is well."""

    drill: str
    seeds: int
    reference_refused: list[str] = field(default_factory=list)
    starter_passed: bool = False
    alternates: int = 0
    alternates_refused: list[str] = field(default_factory=list)
    mistakes: int = 0
    mistakes_accepted: list[str] = field(default_factory=list)
    mistakes_confused: list[str] = field(default_factory=list)
    mutants: int = 0
    mutants_killed: int = 0
    mutants_explained: int = 0
    survivors: list[str] = field(default_factory=list)
    stale_explanations: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        judged = self.mutants - self.mutants_explained
        return (
            not (self.reference_refused or self.starter_passed or self.alternates_refused)
            and not (self.mistakes_accepted or self.mistakes_confused or self.stale_explanations)
            and self.mutants_killed >= MUTANTS_TO_KILL * judged
        )

    def to_dict(self) -> dict[str, Any]:
        """Counts of mistakes and mutants, and the names behind every failure."""
        return {
            "drill": self.drill,
            "passed": self.passed,
            "mistakes_rejected": self.mistakes - len(self.mistakes_accepted),
            "mistakes_distinguished": self.mistakes
            - len(self.mistakes_accepted)
            - len(self.mistakes_confused),
            **{
                key: value
                for key, value in dataclasses.asdict(self).items()
                if key not in ("drill",)
            },
        }


def audit(
    judge: Judge,
    spec: DrillSpec,
    *,
    seeds: int = 20,
    engine_seeds: int | None = None,
    with_mutants: bool = True,
    progress: Progress | None = None,
) -> AuditReport:
    """Audit one drill. Seeds 0 to `seeds` − 1 are used, so that a failure can be repeated.

    Right answers are our own code: from seed `engine_seeds` on they run here, where the sandbox
    costs no time, and are compared as ever.
    """
    report = AuditReport(spec.id, seeds)
    tell = progress or (lambda text: None)
    tell("reference and alternates")
    reference = spec.reference_path.read_text(encoding="utf-8")
    starter = spec.starter_path.read_text(encoding="utf-8")
    report.starter_passed = judge.judge(spec, starter, seed=0).passed
    alternates = dict(submissions_in(spec, "alternates"))
    report.alternates = len(alternates)
    solutions = {REFERENCE: reference} | alternates
    in_engine = seeds if engine_seeds is None else min(seeds, engine_seeds)
    refused = _refusals(judge, spec, solutions, range(in_engine))
    refused = refused or _refusals_here(spec, range(in_engine, seeds))
    report.reference_refused = [refused.pop(REFERENCE)] if REFERENCE in refused else []
    report.alternates_refused = [f"{name}: {text}" for name, text in refused.items()]
    tell("mistakes")
    for name, source in submissions_in(spec, "mistakes"):
        seed = report.mistakes // ON_ONE_SEED
        report.mistakes += 1
        _audit_mistake(report, name, judge.judge(spec, source, seed=seed))
    if with_mutants:
        tell("mutants")
        _audit_mutants(report, judge, spec, reference)
    return report


def submissions_in(
    spec: DrillSpec, kind: Literal["alternates", "mistakes"]
) -> Iterator[tuple[str, str]]:
    """Each solution of a file as a submission of its own: the file, then the name it goes by."""
    path = spec.alternates_path if kind == "alternates" else spec.mistakes_path
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for name in solutions_in(path):
        yield name, f"{text}\n\n{spec.entry} = {name}\n"


def _refusals(
    judge: Judge, spec: DrillSpec, solutions: dict[str, str], seeds: Sequence[int]
) -> dict[str, str]:
    """Which solutions are refused, with the first seed and the reason."""
    refused: dict[str, str] = {}
    for seed in seeds:
        for name, source in solutions.items():
            if name in refused:
                continue
            verdict = judge.judge(spec, source, seed=seed, diagnose=False)
            if not verdict.passed:
                refused[name] = f"seed {seed}: {describe(verdict)}"
    return refused


def _refusals_here(spec: DrillSpec, seeds: Sequence[int]) -> dict[str, str]:
    """The same, run in this process."""
    bench, refused = load_workbench(spec), dict[str, str]()
    solutions = {REFERENCE: bench.reference} | solutions_in(spec.alternates_path)
    for seed in seeds:
        expected = expectations(bench, seed, "cpu")
        for name, solution in solutions.items():
            for check in bench.checks:
                with warnings.catch_warnings(action="ignore"):  # which a submission prints
                    observed = bench.expect(check, solution, seed, "cpu").native
                result, _ = compare_check(check, list(observed), expected[check.name])
                if not result.passed:
                    refused.setdefault(name, f"seed {seed}: {result.name}: {result.detail}")
    return refused


def _audit_mistake(report: AuditReport, name: str, verdict: Verdict) -> None:
    if verdict.passed:
        report.mistakes_accepted.append(name)
        return
    found = verdict.diagnosis.mistake if verdict.diagnosis else None
    if found != name:
        report.mistakes_confused.append(f"{name}: taken for {found} ({describe(verdict)})")


def _audit_mutants(report: AuditReport, judge: Judge, spec: DrillSpec, reference: str) -> None:
    explained = equivalent_mutants(spec)
    hasty = dataclasses.replace(spec, time_limit=min(spec.time_limit, MUTANT_TIME_LIMIT))
    used: set[str] = set()
    for mutant in mutants(reference):
        seed = report.mutants // ON_ONE_SEED
        report.mutants += 1
        verdict = judge.judge(hasty, mutant.source, seed=seed, diagnose=False, to_the_end=False)
        if not verdict.passed:
            report.mutants_killed += 1
        elif mutant.change in explained:
            report.mutants_explained += 1
            used.add(mutant.change)
        else:
            report.survivors.append(_survivor(mutant))
    report.stale_explanations = sorted(set(explained) - used)


def _survivor(mutant: Mutant) -> str:
    return f"line {mutant.line}: {mutant.change}"


def equivalent_mutants(spec: DrillSpec) -> dict[str, str]:
    """Changes to the reference that change nothing: `before → after` and the reason."""
    path = spec.folder / "equivalent_mutants.toml"
    if not path.exists():
        return {}
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])
    return {f"{entry['before']} → {entry['after']}": entry["reason"] for entry in entries}


def describe(verdict: Verdict) -> str:
    """A verdict in one line."""
    failing = next((check for check in verdict.checks if not check.passed), None)
    return f"{verdict.verdict}, {failing.name}: {failing.detail}" if failing else verdict.message
