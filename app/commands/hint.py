"""`hint`: the next hint of a drill, from a nudge to nearly the answer."""

from __future__ import annotations

import argparse
import json

HELP = "Shows the next hint of a drill."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("drill", metavar="DRILL", help="the drill's id")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(args: argparse.Namespace) -> int:
    """Show the first hint not seen yet (the last again when all were seen) and record it."""
    from app.errors import UsageError
    from app.store import Store
    from app.terminal import say, show_markdown
    from drills.catalogue import get_drill

    drill = get_drill(args.drill)
    if not drill.hints:
        raise UsageError(f"{drill.id} has no hints")
    with Store.open() as store:
        seen = store.drill_states([drill.id])[drill.id].hints_shown
        number = min(seen + 1, len(drill.hints))
        if number > seen:
            store.record_event("hint_shown", drill.id, {"hint": number})
    hint = drill.hints[number - 1]
    if args.json:
        found = {"drill": drill.id, "number": number, "of": len(drill.hints), "hint": hint}
        print(json.dumps(found, ensure_ascii=False))
        return 0
    say(f"Hint {number} of {len(drill.hints)}")
    show_markdown(hint)
    return 0
