"""`watch`: judge a file again at every save."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

HELP = "Judges a solution at every save, until Ctrl+C."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from app import judging

    parser.add_argument("drill", metavar="DRILL", help="the drill's id")
    parser.add_argument("file", metavar="FILE", help="the file with the solution")
    judging.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object per verdict")


def run(args: argparse.Namespace) -> int:
    from app import judging, submission
    from app.errors import UsageError
    from app.store import Store
    from app.terminal import say
    from drills.catalogue import get_drill

    drill = get_drill(args.drill)
    path = Path(args.file)
    if args.file == "-":
        raise UsageError("stdin cannot be watched; give a file")
    submission.read(args.file)  # a missing file or a folder is refused before the judge starts
    with judging.judge_service() as service, Store.open() as store:
        for source in saves(path):
            judging.judge(service, store, drill, source, args)
            say(f"\nWatching {path}; save it to judge it again, Ctrl+C to stop.")
    return 0


def saves(path: Path) -> Iterator[bytes]:
    """What the file holds now, and again each time that changes. Never ends by itself.

    The folder is watched, not the file, because many editors save by putting a new file in its
    place. A moment without a file, or a save that changes nothing, is passed over.
    """
    from watchfiles import watch

    from app import submission
    from app.errors import UsageError
    from app.terminal import say

    path = path.absolute()
    last: bytes | None = None
    # A first tick without a change comes at once: by then every later save is noticed.
    changes = watch(
        path.parent,
        watch_filter=lambda _, changed: Path(changed).name == path.name,
        recursive=False,
        debounce=200,
        rust_timeout=100,
        yield_on_timeout=True,
    )
    for changed in changes:
        if last is not None and not changed:
            continue
        try:
            source = submission.read(str(path)) if path.exists() else last
        except UsageError as error:
            say(str(error))
            continue
        if source is not None and source != last:
            last = source
            yield source
