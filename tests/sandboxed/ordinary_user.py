"""Run a Python script as an ordinary user: as `nobody` when we are root, else as we are.

Nobody may not read root's home, where the interpreter may live, so the script runs in a view of
the machine in which every closed folder is replaced by one that holds only what it needs.
"""

import os
import sys
from pathlib import Path

NOBODY = "65534"
PROJECT = Path(__file__).parent.parent.parent


def command(script: Path, *arguments: str) -> list[str]:
    """The command line that runs a script of this project."""
    python = [sys.executable, str(script), *arguments]
    if os.geteuid() != 0:
        return python
    view = ["bwrap", "--dev-bind", "/", "/", *_opened([Path(sys.base_prefix), PROJECT])]
    user = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]
    return [*view, "--chdir", "/", *user, "env", "HOME=/nonexistent", *python]


def _opened(needed: list[Path]) -> list[str]:
    closed = {path: _first_closed(path) for path in needed}
    arguments = []
    for folder in sorted({folder for folder in closed.values() if folder}):
        arguments += ["--perms", "0755", "--tmpfs", str(folder)]
    for path, folder in closed.items():
        if folder:
            between = [p for p in reversed(path.parents) if folder in p.parents]
            for parent in between:
                arguments += ["--perms", "0755", "--dir", str(parent)]
            arguments += ["--ro-bind", str(path), str(path)]
    return arguments


def _first_closed(path: Path) -> Path | None:
    """The topmost folder above `path` that others may not pass."""
    return next((p for p in reversed(path.parents) if not p.stat().st_mode & 0o001), None)
