"""`grade`: judge the submissions of a class, resumable."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

HELP = "Judges DIR/<learner>/<drill_id>.py, one JSON line each, and goes on where it stopped."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="a folder with one folder per learner")
    parser.add_argument("--workers", type=int, help="judges side by side (the number of cores)")
    parser.add_argument("--output", metavar="FILE", help="where results go (DIR/grades.jsonl)")
    parser.add_argument("--json", action="store_true", help="print results only, no summary")


def run(args: argparse.Namespace) -> int:
    from app import grading
    from app.errors import UsageError
    from app.terminal import say

    folder = Path(args.folder)
    if not folder.is_dir():
        raise UsageError(f"{args.folder} is not a folder; give one with a folder per learner in it")
    if args.workers is not None and args.workers < 1:
        raise UsageError("--workers must be 1 or more")
    output = Path(args.output) if args.output else folder / "grades.jsonl"
    if output.is_dir() or not output.parent.is_dir():
        raise UsageError(f"cannot write results to {output}: give a file in an existing folder")
    found = grading.find(folder)
    for problem in found.problems:
        say(f"passed over {problem}")
    before = grading.read_results(output)
    wanted = {item.id for item in found.submissions}
    known = len(wanted & set(before))
    say(f"{len(wanted)} submissions, {known} of them judged before")
    workers = args.workers or os.cpu_count() or 1
    for count, result in enumerate(grading.grade(found.submissions, output, workers), known + 1):
        print(json.dumps(result), flush=True)
        if count % 50 == 0:
            say(f"{count} of {len(wanted)}")
    if not args.json:
        results = grading.read_results(output)
        for kind, table in grading.summary(results[id] for id in wanted & set(results)).items():
            say(f"\npassed of judged, by {kind}")
            for name, (passed, judged) in table.items():
                say(f"  {name}: {passed} of {judged}")
    return 0
