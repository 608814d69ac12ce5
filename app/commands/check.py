"""`check`: judge one file."""

from __future__ import annotations

import argparse

HELP = "Judges a solution."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from app import judging

    parser.add_argument("drill", metavar="DRILL", help="the drill's id")
    parser.add_argument("file", metavar="FILE", help="the file with the solution; - reads stdin")
    judging.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")


def run(args: argparse.Namespace) -> int:
    from app import judging, submission
    from app.store import Store
    from drills.catalogue import get_drill

    drill = get_drill(args.drill)
    source = submission.read(args.file)
    with judging.judge_service() as service, Store.open() as store:
        return judging.exit_status(judging.judge(service, store, drill, source, args))
