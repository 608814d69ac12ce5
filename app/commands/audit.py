"""Prove the verifiers: `python -m app audit [DRILL…] [--seeds N] [--no-mutants]`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verifiers.audit import AuditReport

HELP = "Proves the verifiers: references pass, mistakes are rejected and told apart, mutants die."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("drills", nargs="*", metavar="DRILL", help="drill ids; all when left out")
    parser.add_argument("--seeds", type=int, default=20, help="seeds for what must pass (20)")
    mutants = parser.add_mutually_exclusive_group()
    mutants.add_argument("--mutants", action="store_true", help="with mutants (the default)")
    mutants.add_argument("--no-mutants", action="store_true", help="leave the mutants out")
    parser.add_argument("--json", action="store_true", help="one JSON object per drill")


def run(args: argparse.Namespace) -> int:
    if args.seeds < 1:
        print("--seeds must be 1 or more", file=sys.stderr)
        return 2
    from drills.catalogue import all_drills, get_drill

    drills = [get_drill(name) for name in args.drills] or list(all_drills().values())
    from verifiers.audit import audit
    from verifiers.judge import Judge

    good = True
    with Judge() as judge:
        judge.warm_up()
        for drill in drills:
            report = audit(judge, drill.spec, seeds=args.seeds, with_mutants=not args.no_mutants)
            print(json.dumps(report.to_dict()) if args.json else summary(report), flush=True)
            good = good and report.passed
    return 0 if good else 1


def summary(report: AuditReport) -> str:
    """One line of counts, then one line for each thing that is wrong."""
    wrong = [
        *(f"reference refused, {text}" for text in report.reference_refused),
        *(["the starter passes"] if report.starter_passed else []),
        *(f"right answer refused, {text}" for text in report.alternates_refused),
        *(f"mistake accepted: {text}" for text in report.mistakes_accepted),
        *(f"mistake not told apart, {text}" for text in report.mistakes_confused),
        *(f"explanation that fits no surviving mutant: {t}" for t in report.stale_explanations),
        *(f"survivor, {text}" for text in report.survivors),
    ]
    rejected = report.mistakes - len(report.mistakes_accepted)
    counts = (
        f"{'ok  ' if report.passed else 'FAIL'} {report.drill}: {report.alternates} alternates, "
        f"{rejected}/{report.mistakes} mistakes rejected, "
        f"{rejected - len(report.mistakes_confused)} told apart, "
        f"{report.mutants_killed}/{report.mutants} mutants killed, "
        f"{report.mutants_explained} explained"
    )
    return "\n".join([counts, *(f"     {line}" for line in wrong)])
