"""From what is known of a submission to its verdict, and one sentence on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from verifiers.outcome import Outcome
from verifiers.reports import Report, Topic
from verifiers.spec import DrillSpec
from verifiers.verdict import CheckResult, Kind
from verifiers.workbench import Expected


@dataclass
class Record:
    """What is known of one submission while it is judged."""

    expected: dict[str, Expected]  # check → what the reference does there
    observed: dict[str, list[Any]] = field(default_factory=dict)  # check → outcomes
    results: list[CheckResult] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)  # frames that are not checks
    raised_first: bool = False  # the first failing check failed by an exception

    def report(self, topic: Topic) -> Report | None:
        return next((report for report in self.reports if report.topic == topic), None)


def conclude(limits: DrillSpec, record: Record, outcome: Outcome, wanted: int) -> tuple[Kind, str]:
    """The verdict and one sentence on it. What ended the process comes before what it returned."""
    if report := record.report("syntax_error"):
        return "syntax_error", report.text
    if report := record.report("forbidden"):
        return "forbidden", f"this drill asks you to do without {report.text}"
    match outcome.kind:
        case "time_limit":
            return (
                "time_limit",
                f"still running after {limits.time_limit:g} s; look for a loop that never ends",
            )
        case "output_limit":
            return "output_limit", "printed or returned far more than a solution needs to"
        case "judge_error":
            return "judge_error", f"the judge failed, not your code: {outcome.detail}"
    if outcome.kind == "memory_limit" or record.report("memory"):
        return "memory_limit", f"needed more than {limits.memory_mib} MiB of memory"
    if outcome.kind == "crashed":
        return "crashed", f"the process ended before the checks did: {outcome.detail}"
    if report := record.report("no_entry"):
        text = f"no `{limits.entry}` is defined; the submission defines {report.text}"
        return "runtime_error", text
    if report := record.report("import_error"):
        return "runtime_error", report.text
    if record.report("exit"):
        return "runtime_error", "the code called sys.exit(); return a result instead"
    return _conclude_checks(record, wanted)


def _conclude_checks(record: Record, wanted: int) -> tuple[Kind, str]:
    if record.report("forged"):
        return "failed", "the submission sent something that is not a result"
    failing = [result for result in record.results if not result.passed]
    if failing:
        kind: Kind = "runtime_error" if record.raised_first else "failed"
        return kind, f"{len(failing)} of {wanted} checks failed, first: {failing[0].name}"
    if len(record.results) < wanted or not record.report("end"):
        return "crashed", "the process ended before all checks had run"
    return "passed", f"all {wanted} checks passed"
