"""`time`: how fast a solution is beside the reference and the library's own kernel."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verifiers.timing import Times, Timing

HELP = "Times a solution that passes, against the reference and the library's kernel."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("drill", metavar="DRILL", help="the drill's id")
    parser.add_argument("file", metavar="FILE", help="the file with the solution; - reads stdin")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to run it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 timed, 1 not passed and so not timed."""
    from app import judging, submission
    from app.errors import LearnerError
    from app.terminal import say
    from drills.catalogue import get_drill
    from verifiers.timing import CannotTime, time_submission

    drill = get_drill(args.drill)
    source = submission.read(args.file)
    judging.require_device(args.device)
    with judging.judge_service() as service:
        verdict = service.judge(drill.spec, source, device=args.device)
    if not verdict.passed:
        say(f"Only a solution that passes is timed. {verdict.verdict}: {verdict.message}")
        return judging.exit_status(verdict)
    try:
        timing = time_submission(drill.spec, source.decode("utf-8-sig"), args.device)
    except CannotTime as error:
        raise LearnerError(str(error)) from error
    print(json.dumps(timing.to_dict()) if args.json else summary(timing))
    return 0


def summary(timing: Timing) -> str:
    """A line for each contestant, and how many times as long yours takes."""
    lines = [f"{'':<12}{'median':>12}   quartiles (ms, {timing.device})     yours takes"]
    rows: list[tuple[str, Times | None, float | None]] = [
        ("yours", timing.submission, None),
        ("reference", timing.reference, timing.to_reference),
        ("library", timing.library, timing.to_library),
    ]
    for name, times, ratio in rows:
        if times:
            spread = f"{times.lower_ms:.3f} to {times.upper_ms:.3f}"
            beside = f"{ratio:.2f} times as long" if ratio else ""
            lines.append(f"{name:<12}{times.median_ms:>12.3f}   {spread:<28}{beside}".rstrip())
    return "\n".join(lines)
