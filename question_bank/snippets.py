"""Runs the snippets of the bank in a child process and returns what each prints.

Only our own content comes here, when it is validated: an `output` question's key is what its
code prints, and a `spot` question's check must fail on the block shown and pass on the fix.
One child runs a list of snippets, so that torch is imported once at most.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

SECONDS = 120.0


@dataclass(frozen=True)
class Ran:
    """What a snippet printed, and the name of the error that ended it, if one did."""

    printed: str
    error: str = ""


def run_snippets(sources: Sequence[str], seconds: float = SECONDS) -> list[Ran]:
    """Run each in a namespace of its own. Raises RuntimeError where the child itself fails."""
    if not sources:
        return []
    keep = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-I", __file__],
            input=json.dumps(list(sources)),
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=seconds,
            env={**environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"the snippets could not be run: {done.stderr.strip()[-500:]}")
    return [Ran(**result) for result in json.loads(done.stdout)]


def _run(source: str) -> dict[str, str]:
    printed, error = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(source, "<snippet>", "exec"), {"__name__": "__main__"})
        except Exception as problem:
            error = type(problem).__name__
    return {"printed": printed.getvalue(), "error": error}


if __name__ == "__main__":
    print(json.dumps([_run(source) for source in json.load(sys.stdin)]))
