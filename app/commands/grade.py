"""`grade`: judge the submissions of a class, resumable."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.grading.crew import Crew

HELP = "Judges DIR/<learner>/<drill_id>.py, one JSON line each, and goes on where it stopped."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="a folder with one folder per learner")
    parser.add_argument("--workers", type=int, help="judges side by side (the number of cores)")
    parser.add_argument(
        "--ray", metavar="ADDRESS", help="judge on the Ray cluster there; local starts one here"
    )
    parser.add_argument("--output", metavar="FILE", help="where results go (DIR/grades.jsonl)")
    parser.add_argument("--json", action="store_true", help="print results only, no summary")


def run(args: argparse.Namespace) -> int:
    from app.errors import UsageError
    from app.grading.results import open_results, read_results
    from app.grading.submissions import find
    from app.grading.summary import print_summary
    from app.terminal import say

    folder = Path(args.folder)
    if not folder.is_dir():
        raise UsageError(f"{args.folder} is not a folder; give one with a folder per learner in it")
    if args.workers is not None and args.workers < 1:
        raise UsageError("--workers must be 1 or more")
    output = Path(args.output) if args.output else folder / "grades.jsonl"
    try:
        found = find(folder, output)
    except OSError as error:
        raise UsageError(f"{args.folder} cannot be read: {error.strerror}") from error
    for problem in found.problems:
        say(f"passed over {problem}")
    wanted = {item.id: item for item in found.submissions}
    with open_results(output) as file:
        known = wanted.keys() & read_results(output).keys()
        say(f"{len(wanted)} submissions, {len(known)} of them judged before")
        left = [item for id, item in wanted.items() if id not in known]
        if left:
            try:
                _judge(left, len(known), args, file.write)
            except KeyboardInterrupt:
                say("\nStopped. Every result so far is kept; the same command goes on from here.")
                raise
    if not args.json:
        results = read_results(output)
        print_summary(found, [results[id] for id in wanted if id in results])
        say(f"Every verdict with its reasons: {output}")
    return 0


def _judge(
    left: list[Any], known: int, args: argparse.Namespace, write: Callable[[dict[str, Any]], None]
) -> None:
    """Judge what is left; each result goes into the file first and then to stdout.

    A person at a terminal would rather see the progress bar than the lines.
    """
    from app.grading.progress import progress
    from app.grading.run import judge_all

    lines = sys.stdout  # ours alone: Ray prints, too
    printing = args.json or not lines.isatty()
    with _crew(args) as crew, progress(known, known + len(left)) as shown:
        for result in judge_all(left, crew, shown.message):
            write(result)
            shown.advance(result["verdict"])
            if printing:
                print(json.dumps(result), file=lines, flush=True)


@contextlib.contextmanager
def _crew(args: argparse.Namespace) -> Iterator[Crew]:
    from app.grading.crew import local_crew
    from app.grading.ray_crew import ray_crew

    with ray_crew(args.ray, args.workers) if args.ray else local_crew(args.workers) as crew:
        yield crew
