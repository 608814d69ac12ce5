"""`drills`: what there is to practise."""

from __future__ import annotations

import argparse
import json
from typing import Any

from drills.catalogue import DIFFICULTIES, Drill, all_drills

HELP = "Lists the drills."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--topic", help="only drills of this topic")
    parser.add_argument("--skill", help="only drills that show this skill (an id)")
    parser.add_argument("--difficulty", choices=DIFFICULTIES, help="only drills as hard as this")
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(args: argparse.Namespace) -> int:
    chosen = [drill for drill in all_drills().values() if _wanted(drill, args)]
    if args.json:
        print(json.dumps([as_dict(drill) for drill in chosen], indent=2, ensure_ascii=False))
    else:
        _print_table(chosen)
    return 0


def as_dict(drill: Drill) -> dict[str, Any]:
    """A drill as `drills --json` lists it."""
    return {
        "id": drill.id,
        "title": drill.title,
        "topic": drill.topic,
        "difficulty": drill.difficulty,
        "minutes": drill.minutes,
        "skills": list(drill.skills),
        "entry": drill.entry,
    }


def _wanted(drill: Drill, args: argparse.Namespace) -> bool:
    return (
        args.topic in (None, drill.topic)
        and args.difficulty in (None, drill.difficulty)
        and (args.skill is None or args.skill in drill.skills)
    )


def _print_table(drills: list[Drill]) -> None:
    from rich.table import Table

    from app.terminal import console, say

    if not drills:
        say("no drill matches; `python -m app drills` lists them all")
        return
    table = Table("id", "title", "topic", "difficulty", "minutes", box=None, pad_edge=False)
    for drill in drills:
        table.add_row(drill.id, drill.title, drill.topic, drill.difficulty, str(drill.minutes))
    console().print(table)
