"""What came out of a class, as two tables on stderr: by drill, and by learner."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.grading.results import Result
from app.grading.submissions import Found


def print_summary(found: Found, results: Sequence[Result]) -> None:
    """Print both tables; nothing where nothing was judged or found."""
    # Without a terminal there is no width to fit into: one row stays one line.
    console = Console(stderr=True, width=None if sys.stderr.isatty() else 200)
    for table in (by_drill(results), by_learner(found, results)):
        if table.row_count:
            console.print()
            console.print(table)


def by_drill(results: Iterable[Result]) -> Table:
    """How many passed each drill, and what happened to the rest."""
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        verdicts[result.drill][result.verdict] += 1
    table = _table("drill", "passed", "judged", "the rest")
    for drill, counts in sorted(verdicts.items()):
        rest = [f"{count} {kind}" for kind, count in counts.most_common() if kind != "passed"]
        row = (str(counts["passed"]), str(counts.total()), ", ".join(rest))
        table.add_row(drill, *row)
    return table


def by_learner(found: Found, results: Iterable[Result]) -> Table:
    """How many drills each learner passed; missing are those that others have handed in."""
    best: dict[str, dict[str, str]] = {learner: {} for learner in found.learners}
    for result in results:
        best.setdefault(result.learner, {})[result.drill] = result.verdict
    handed_in = {item.drill for item in found.submissions}
    table = _table("learner", "passed", "judged", "missing")
    for learner, verdicts in sorted(best.items()):
        passed = sum(verdict == "passed" for verdict in verdicts.values())
        missing = ", ".join(sorted(handed_in - verdicts.keys()))
        table.add_row(Text(learner), str(passed), str(len(verdicts)), missing)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, justify="right" if name in ("passed", "judged") else "left")
    return table
