"""A process of its own that uses the store, for the tests of concurrency and of sudden death.

`python store_worker.py write NAME COUNT` records COUNT events and prints each number once the
store acknowledged it. Every tenth write also reads. COUNT 0 goes on until killed.
`python store_worker.py die POINT` kills itself with SIGKILL when it comes to that point.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.store import Store, database, journal, spool


def write(name: str, count: int) -> None:
    with Store.open() as store:
        for number in range(count) if count else itertools.count():
            store.record_event("written", name, number)
            os.write(1, f"{name} {number}\n".encode())  # the acknowledgement
            if number % 10 == 9:
                seen = {event.payload for event in store.events("written", name)}
                assert number in seen, f"{name} does not see its own {number}"


def die(point: str) -> None:
    """Record one event, acknowledge it, read, and die on the way."""
    with Store.open() as store:
        store.record_event("written", "before", 0)
        os.write(1, b"before 0\n")
        POINTS[point]()
        store.events("written")
    raise SystemExit(f"never came to {point}")


def kill_self(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str) -> Callable[[], None]:
    """Die when `owner.name` is called."""
    return lambda: setattr(owner, name, kill_self)


def after(owner: Any, name: str) -> Callable[[], None]:
    """Die when `owner.name` returns."""

    def install() -> None:
        original = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> None:
            original(*args, **kwargs)
            kill_self()

        setattr(owner, name, wrapped)

    return install


POINTS: dict[str, Callable[[], None]] = {
    "before the database file is in place": before(Path, "rename"),
    "after the database file is in place": before(database, "sync_folder"),
    "before the tables are made": before(database, "schema_version"),
    "after the tables are made": after(database.Database, "_migrate"),
    "before the rows are inserted": before(journal, "insert"),
    "after the rows are inserted": after(journal, "insert"),
    "after the commit": before(database.Database, "_detach"),
    "before the spool file is deleted": before(journal, "clean_up"),
    "after the spool file is deleted": after(journal, "clean_up"),
    "while another line is written": before(spool.os, "fsync"),
}

if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], int(sys.argv[3]))
    else:
        die(sys.argv[2])
