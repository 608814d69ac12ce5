"""`start`: a file to fill in, and the task on the screen."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

HELP = "Writes a drill's starter file and shows the task."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("drill", metavar="DRILL", help="the drill's id")
    parser.add_argument(
        "path", metavar="PATH", nargs="?", default=".", help="the file to write, or its folder"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(args: argparse.Namespace) -> int:
    from app.terminal import show_markdown
    from drills.catalogue import get_drill

    drill = get_drill(args.drill)
    path = write_starter(drill.starter, Path(args.path), f"{drill.id}.py")
    if args.json:
        found = {"drill": drill.id, "path": str(path), "entry": drill.entry}
        print(json.dumps(found | {"statement": drill.statement}, ensure_ascii=False))
        return 0
    show_markdown(f"# {drill.title}\n\n{drill.statement}")
    print(f"\nWrote {path}. Fill it in, then: python -m app check {drill.id} {path}")
    return 0


def write_starter(text: str, path: Path, name: str) -> Path:
    """Write a new file at `path`, or called `name` in the folder `path`.

    Raises UsageError where a file is there already or none can be made.
    """
    from app.errors import UsageError

    path = path / name if path.is_dir() else path
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} exists and was left as it is; give another path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot write {path}: {reason}") from error
    return path
