"""A class is graded on several cores, with odd folders, and across a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.grading import find, read_results
from drills.catalogue import get_drill

RIGHT = get_drill("kv_cache_bytes").reference
WRONG = "def kv_cache_bytes(*a, **k): return 0\n"


def grade(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "grade", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def results(text: str) -> dict[tuple[str, str], str]:
    lines = [json.loads(line) for line in text.splitlines()]
    return {(line["learner"], line["drill"]): line["verdict"] for line in lines}


@pytest.fixture
def classroom(tmp_path):
    for learner, code in {"ada": RIGHT, "bob": WRONG, "name with ünïcode": RIGHT}.items():
        folder = tmp_path / "class" / learner
        folder.mkdir(parents=True)
        (folder / "kv_cache_bytes.py").write_text(code)
    return tmp_path / "class"


def test_judges_a_class_and_reports_what_is_odd(classroom):
    (classroom / "ada" / "no_such_drill.py").write_text("x = 1")
    (classroom / "ada" / "layer_norm.py").write_bytes(b"#" * 300_000)
    (classroom / "bob" / "rope.py").mkdir()
    (classroom / "bob" / "notes.txt").write_text("hello")
    (classroom / "stray.py").write_text(RIGHT)
    (classroom / "empty").mkdir()
    run = grade(classroom, "--workers", "2")
    assert run.returncode == 0, run.stderr
    assert results(run.stdout) == {
        ("ada", "kv_cache_bytes"): "passed",
        ("bob", "kv_cache_bytes"): "failed",
        ("name with ünïcode", "kv_cache_bytes"): "passed",
    }
    for odd in ("no_such_drill", "layer_norm", "rope", "notes.txt", "stray.py"):
        assert odd in run.stderr
    assert "kv_cache_bytes: 2 of 3" in run.stderr
    again = grade(classroom)
    assert again.stdout == ""
    assert "3 of them judged before" in again.stderr


def test_new_code_is_judged_again_and_a_torn_line_does_no_harm(classroom):
    grade(classroom)
    output = classroom / "grades.jsonl"
    output.write_text(output.read_text() + '{"id": "torn')
    (classroom / "bob" / "kv_cache_bytes.py").write_text(RIGHT)
    run = grade(classroom)
    assert results(run.stdout) == {("bob", "kv_cache_bytes"): "passed"}
    assert len(read_results(output)) == 4


def test_a_run_that_was_killed_goes_on_and_doubles_nothing(tmp_path):
    for number in range(60):
        folder = tmp_path / "class" / f"learner{number}"
        folder.mkdir(parents=True)
        (folder / "kv_cache_bytes.py").write_text(RIGHT if number % 2 else WRONG)
    output = tmp_path / "class" / "grades.jsonl"
    command = [sys.executable, "-m", "app", "grade", str(tmp_path / "class"), "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while (not output.exists() or not read_results(output)) and time.monotonic() < deadline:
        time.sleep(0.05)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in [process.pid, *map(int, children)]:
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    assert 0 < len(read_results(output)) < 60
    run = grade(tmp_path / "class", "--workers", "2")
    assert run.returncode == 0, run.stderr
    ids = [json.loads(line)["id"] for line in output.read_text().splitlines() if line.endswith("}")]
    assert len(ids) == len(set(ids)) == 60
    passed = [line for line in read_results(output).values() if line["verdict"] == "passed"]
    assert len(passed) == 30


def test_ids_depend_on_learner_drill_and_code(classroom):
    ids = {item.id for item in find(classroom).submissions}
    assert len(ids) == 3
    assert {item.id for item in find(classroom).submissions} == ids


@pytest.mark.parametrize("folder", ["missing", "file"])
def test_a_folder_that_is_none_is_a_usage_error(tmp_path, folder):
    (tmp_path / "file").write_text("")
    run = grade(tmp_path / folder)
    assert run.returncode == 2
    assert "is not a folder" in run.stderr
