"""Judging a submission for a command: judge, show, record, exit status."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Iterator

from app import report
from app.errors import LearnerError
from app.store import Store, StoreError
from app.terminal import console, say
from drills.catalogue import Drill
from verifiers.service import JudgeService
from verifiers.verdict import Verdict

LARGEST_SEED = 2**63 - 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `check` and `watch` share."""
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to run it")
    parser.add_argument("--seed", type=seed, help="judge on these inputs instead of fresh ones")
    parser.add_argument("--no-record", action="store_true", help="leave my progress as it is")


def seed(text: str) -> int:
    """A seed given on the command line: a whole number from 0 to 2**63 - 1."""
    if not (text.isascii() and text.isdigit() and int(text) <= LARGEST_SEED):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2**63 - 1")
    return int(text)


def require_device(device: str) -> None:
    """Raise LearnerError where submissions cannot run on a device."""
    if device == "cpu":
        return
    from app.gpu import DriverError, gpus

    try:
        found = bool(gpus())
    except DriverError as error:
        raise LearnerError(f"the NVIDIA driver does not answer: {error}") from error
    if not found:
        raise LearnerError("no NVIDIA GPU was found; judge on the CPU, without --device cuda")


@contextlib.contextmanager
def judge_service() -> Iterator[JudgeService]:
    """The judge of one command."""
    with JudgeService() as service:
        yield service


def judge(
    service: JudgeService, store: Store, drill: Drill, source: bytes, args: argparse.Namespace
) -> Verdict:
    """Judge, record unless told not to, and show: checks as they come, or one line of JSON.

    The verdict appears after it was recorded, so that one that was seen is never lost.
    """
    require_device(args.device)
    screen = console()
    verdict = service.judge(
        drill.spec,
        source,
        device=args.device,
        seed=args.seed,
        on_check=None if args.json else lambda check: report.print_check(screen, check),
    )
    problem = "" if args.no_record else _record(store, verdict, source)
    if args.json:
        print(json.dumps(report.as_dict(verdict), ensure_ascii=False), flush=True)
        if verdict.message:
            say(verdict.message)
    else:
        report.print_verdict(screen, verdict)
    if problem:
        say(f"This attempt was not recorded: {problem}")
    return verdict


def exit_status(verdict: Verdict) -> int:
    """0 passed, 1 not passed, 3 the judge's fault."""
    if verdict.verdict == "judge_error":
        return 3
    return 0 if verdict.passed else 1


def _record(store: Store, verdict: Verdict, source: bytes) -> str:
    """Record an attempt, and a pass in the review queue; what went wrong, or nothing."""
    from app.reviews import Reviews  # loads every question: not before the verdict is there

    try:
        store.record_attempt(verdict, source)
        if verdict.passed:
            Reviews(store).drill_finished(verdict.drill, passed=True)
    except StoreError as error:
        return str(error)
    return ""
