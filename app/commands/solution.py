"""`solution`: a drill's reference solution, after a pass or on giving up."""

from __future__ import annotations

import argparse
import json

HELP = "Shows a drill's reference solution, after a pass or on giving up."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("drill", metavar="DRILL", help="the drill's id")
    parser.add_argument(
        "--give-up", action="store_true", help="show it before a pass, and record that"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(args: argparse.Namespace) -> int:
    from app.errors import UsageError
    from app.reviews import Reviews
    from app.store import Store
    from app.terminal import show_code
    from drills.catalogue import get_drill

    drill = get_drill(args.drill)
    with Store.open() as store:
        state = store.drill_states([drill.id])[drill.id]
        if not (state.passes or store.gave_up_lately(drill.id)):
            if not args.give_up:
                raise UsageError(
                    f"{drill.id} is not passed yet. `python -m app hint {drill.id}` gives a hint; "
                    "--give-up shows the solution, and a pass in the next 20 hours then counts as "
                    "practice, not as evidence."
                )
            store.record_event("gave_up", drill.id)
            Reviews(store).drill_finished(drill.id, passed=False)
    if args.json:
        print(json.dumps({"drill": drill.id, "solution": drill.reference}, ensure_ascii=False))
        return 0
    show_code(drill.reference)
    return 0
