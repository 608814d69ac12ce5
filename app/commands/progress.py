"""`progress`: where I stand; everything recorded as a file, and back."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.overview import Overview
    from app.store import Store

HELP = "Shows where I stand; writes everything recorded to a file, or adds what a file holds."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    moving = parser.add_mutually_exclusive_group()
    moving.add_argument("--export", metavar="FILE", help="write everything recorded to FILE")
    moving.add_argument(
        "--import", metavar="FILE", dest="import_", help="add what an exported FILE holds"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(args: argparse.Namespace) -> int:
    from app.store import Store

    with Store.open() as store:
        if args.export:
            _export(store, args)
        elif args.import_:
            _import(store, args)
        else:
            from app.overview import overview

            found = overview(store)
            print(json.dumps(as_dict(found), indent=2)) if args.json else _print(found)
    return 0


def as_dict(found: Overview) -> dict[str, Any]:
    """What `progress --json` prints. Times are UTC in ISO 8601, shares from 0 to 1."""
    return {
        "readiness": found.readiness,
        "streak": vars(found.streak),
        "reviews_due": found.reviews_due,
        "days": [{**vars(day), "date": day.date.isoformat()} for day in found.week],
        "topics": [vars(topic) for topic in found.topics],
        "skills": [
            {
                "skill": key,
                "status": one.status,
                "score": one.score,
                "drills": len(one.drills),
                "passed": len(one.passed),
                "questions": len(one.questions),
                "retained": len(one.retained),
                "self_assessment": one.self_level,
            }
            for key, one in found.skills.items()
        ],
        "recent": [
            {"drill": one.drill, "verdict": one.verdict, "at": one.happened_at.isoformat()}
            for one in found.recent
        ],
    }


def _export(store: Store, args: argparse.Namespace) -> None:
    count = store.export(args.export)
    if args.json:
        print(json.dumps({"exported": count, "path": args.export}))
    else:
        print(f"Wrote {count} records to {args.export}.")


def _import(store: Store, args: argparse.Namespace) -> None:
    summary = store.import_(args.import_)
    if args.json:
        print(json.dumps(vars(summary)))
    else:
        print(f"Added {summary.added} records; {summary.known} were here already.")


def _print(found: Overview) -> None:
    from rich.table import Table

    from app.terminal import console

    screen = console()
    streak, measured = found.streak, [x for x in found.skills.values() if x.measured]
    shown = sum(one.status == "shown" for one in measured)
    begun = sum(one.status == "begun" for one in measured)
    screen.print(f"Readiness {found.readiness:.0%}: {shown} skills shown, {begun} begun")
    screen.print(f"Streak {_count(streak.current, 'day')} (longest {streak.longest})")
    if found.reviews_due:
        screen.print(f"{_count(found.reviews_due, 'review')} due: python -m app review")
    table = Table("topic", "passed", "tried", "drills", box=None, pad_edge=False)
    for topic in found.topics:
        table.add_row(topic.topic, str(topic.passed), str(topic.tried), str(topic.drills))
    screen.print()
    screen.print(table)
    if found.recent:
        screen.print("\nLatest submissions")
    else:
        screen.print("\nNothing submitted yet. Begin: python -m app start softmax_temperature")
    for one in found.recent:
        when = one.happened_at.astimezone().strftime("%Y-%m-%d %H:%M")
        screen.print(f"  {when}  {one.drill}  {one.verdict}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
