"""`python -m question_bank [TOPIC or FILE …]`: validate questions while writing them."""

from __future__ import annotations

import sys
from pathlib import Path

from question_bank.catalogue import question_paths
from question_bank.formula import shared_judge
from question_bank.validator import validate


def main(arguments: list[str]) -> int:
    """Print every problem; the exit status is 1 where there is one."""
    paths = question_paths()
    if arguments:
        wanted = {Path(argument).resolve() for argument in arguments}
        paths = [p for p in paths if p in wanted or p.parent.name in arguments]
    shared_judge().warm()
    problems = validate(paths)
    for problem in problems:
        print(problem)
    print(f"{len(paths)} questions, {len(problems)} problems", file=sys.stderr)
    return 1 if problems or not paths else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
