"""The corpus of bad submissions through the whole engine, as an ordinary user and as oneself.

Each is contained, the honest submission after it is judged right, and nothing is left behind.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandboxed.ordinary_user import command

HERE = Path(__file__).parent
CORPUS = sorted((HERE / "hostile").glob("*.py"))
ENDINGS = {"time_limit", "memory_limit", "output_limit", "crashed"}
KINDS = ENDINGS | {"passed", "failed", "forbidden", "syntax_error", "runtime_error"}


def expected(path: Path) -> set[str]:
    first = path.read_bytes().split(b"\n")[0].decode()
    assert first.startswith("# expect: "), path.name
    return {kind.strip() for kind in first.removeprefix("# expect: ").split("|")}


def test_every_submission_of_the_corpus_states_its_verdict_and_why_it_is_bad():
    assert len(CORPUS) >= 200
    for path in CORPUS:
        lines = path.read_bytes().split(b"\n")
        assert expected(path) <= KINDS, path.name
        assert lines[1].startswith(b"# "), path.name
        assert lines[1].endswith(b"."), path.name


def as_whoever_runs_the_tests(script: Path) -> list[str]:
    return [sys.executable, str(script)]


@pytest.fixture(scope="module", params=[command, as_whoever_runs_the_tests])
def report(request) -> list[dict]:
    run = subprocess.run(
        request.param(HERE / "sandboxed" / "run_corpus.py"),
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_the_corpus_is_contained(report):
    """Where a verdict is stated, a slow machine may run out of time first; nothing else may."""
    who, *judged, last = report
    assert who["user"] is not None
    assert len(judged) == len(CORPUS)
    by_name = {path.name: expected(path) | {"time_limit"} for path in CORPUS}
    wrong = [line for line in judged if line["verdict"] not in by_name[line["file"]]]
    assert wrong == []
    hurt = [line for line in judged if line["neighbour"] != "passed"]
    assert hurt == []
    assert last == {"children": [], "resident_kept": True, "resident_grown": False}
