"""`check` and `watch`, with the real judge: verdicts, exit statuses, JSON, recording, saves."""

from __future__ import annotations

import contextlib
import io
import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import judging
from app.__main__ import main
from app.store import Store
from drills.catalogue import get_drill
from verifiers.service import JudgeService

ROOT = Path(__file__).parent.parent
DRILL = get_drill("softmax_temperature")
RIGHT = DRILL.reference
WRONG = """
import torch
print("[bold]look[/bold] \\x1b[31mred")
def softmax_temperature(logits, temperature, dim=-1):
    exponentials = (logits / temperature).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)
"""
KEYS = ["drill", "verdict", "seed", "device", "wall_ms", "checks", "diagnosis", "printed"]


@pytest.fixture(scope="module")
def service() -> Iterator[JudgeService]:
    with JudgeService() as running:
        yield running


@pytest.fixture(autouse=True)
def one_judge_for_all(service: JudgeService, monkeypatch):
    """The real judge, started once: each command would otherwise import torch again."""
    monkeypatch.setattr(judging, "judge_service", lambda: contextlib.nullcontext(service))


@pytest.fixture
def solution(tmp_path: Path) -> Path:
    return tmp_path / "solution.py"


def attempts() -> list[str]:
    with Store.open() as store:
        return [attempt.verdict for attempt in store.attempts()]


def test_a_right_answer_passes_with_status_0_and_is_recorded_with_its_source(
    capsys, solution: Path
):
    solution.write_text(RIGHT)
    assert main(["check", DRILL.id, str(solution)]) == 0
    shown = capsys.readouterr().out
    assert "Passed" in shown and "✓" in shown and "✗" not in shown
    with Store.open() as store:
        (attempt,) = store.attempts()
    assert (attempt.drill, attempt.verdict, attempt.source) == (DRILL.id, "passed", RIGHT)


def test_a_wrong_answer_gets_its_first_mismatch_the_diagnosis_and_what_it_printed(
    capsys, solution: Path
):
    solution.write_text(WRONG)
    assert main(["check", DRILL.id, str(solution), "--seed", "7"]) == 1
    shown = capsys.readouterr().out
    assert "✓ the example" in shown and "✗ large and distant logits" in shown
    assert "expected" in shown and "got nan" in shown
    assert "What probably happened" in shown and "Subtract the maximum" in shown
    assert "[bold]look[/bold] red" in shown  # neither markup nor a colour of its own
    assert "\x1b" not in shown
    assert "seed 7" in shown
    assert attempts() == ["failed"]


def test_json_is_one_object_with_the_documented_keys_and_messages_go_to_stderr(
    capsys, solution: Path
):
    solution.write_text(WRONG)
    assert main(["check", DRILL.id, str(solution), "--json", "--seed", "7"]) == 1
    output = capsys.readouterr()
    (line,) = output.out.splitlines()
    found = json.loads(line)
    assert list(found) == KEYS
    assert (found["drill"], found["verdict"], found["seed"]) == (DRILL.id, "failed", 7)
    assert found["device"] == "cpu" and found["wall_ms"] > 0
    assert all(list(check) == ["name", "passed", "detail"] for check in found["checks"])
    assert list(found["diagnosis"]) == ["mistake", "explanation"]
    assert "look" in found["printed"]
    assert "checks failed" in output.err


def test_the_same_seed_gives_the_same_details(capsys, solution: Path):
    solution.write_text(WRONG)
    found = []
    for _ in range(2):
        main(["check", DRILL.id, str(solution), "--json", "--seed", "11"])
        found.append(json.loads(capsys.readouterr().out)["checks"])
    assert found[0] == found[1]


def test_stdin_is_judged_for_a_dash_and_no_record_leaves_progress_alone(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(RIGHT.encode())))
    assert main(["check", DRILL.id, "-", "--no-record", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "passed"
    assert attempts() == []


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        (b"", "runtime_error"),
        (b"\xff\xfe\x00", "syntax_error"),
        (b"def f(:", "syntax_error"),
        (b"import torch\nsoftmax_temperature = torch.softmax", "forbidden"),
        (b"import os\nos._exit(0)", "crashed"),
    ],
)
def test_every_bad_submission_gets_a_verdict_and_status_1(
    capsys, solution: Path, source: bytes, verdict: str
):
    solution.write_bytes(source)
    assert main(["check", DRILL.id, str(solution), "--json"]) == 1
    output = capsys.readouterr()
    assert json.loads(output.out)["verdict"] == verdict
    assert output.err.strip()
    assert attempts() == [verdict]


def test_a_fault_of_the_judge_has_status_3_and_is_not_recorded(capsys, solution: Path, monkeypatch):
    """A judge that cannot start: its process is told to use a Python that is not there."""
    monkeypatch.setattr("verifiers.service.sys.executable", "/nonexistent/python")
    monkeypatch.setattr(judging, "judge_service", JudgeService)
    solution.write_text(RIGHT)
    assert main(["check", DRILL.id, str(solution)]) == 3
    assert "The judge failed, not your code" in capsys.readouterr().out
    assert attempts() == []


def test_a_database_that_cannot_be_written_does_not_cost_the_verdict(
    capsys, solution: Path, monkeypatch
):
    solution.write_text(RIGHT)
    monkeypatch.setenv("WHETSTONE_HOME", str(solution))
    assert main(["check", DRILL.id, str(solution)]) == 0
    output = capsys.readouterr()
    assert "Passed" in output.out
    assert "not recorded" in output.err and "WHETSTONE_HOME" in output.err


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no file"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b"#" * 1_000_001), "larger than 1 MB"),
    ],
)
def test_a_file_that_cannot_be_a_solution_is_a_usage_error(
    capsys, solution: Path, make, words: str
):
    make(solution)
    assert main(["check", DRILL.id, str(solution)]) == 2
    output = capsys.readouterr()
    assert words in output.err and not output.out
    assert main(["watch", DRILL.id, str(solution)]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["-1", "1.5", "many", str(2**63), "٣"])
def test_a_seed_must_be_a_whole_number(capsys, solution: Path, seed: str):
    assert main(["check", DRILL.id, str(solution), f"--seed={seed}"]) == 2
    assert "is not a whole number" in capsys.readouterr().err


class Watching:
    """`watch --json` in a process of its own, and the verdicts it prints."""

    def __init__(self, file: Path) -> None:
        command = [sys.executable, "-m", "app", "watch", DRILL.id, str(file), "--json"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def verdict(self) -> str:
        return json.loads(self._lines.get(timeout=120))["verdict"]

    def stop(self) -> tuple[int, str]:
        """Press Ctrl+C; the exit status and everything on stderr."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.stderr and self.process.stdout
        with self.process.stderr, self.process.stdout:
            errors = self.process.stderr.read()
        return self.process.wait(timeout=60), errors

    def _read(self) -> None:
        assert self.process.stdout
        with contextlib.suppress(ValueError):
            for line in self.process.stdout:
                self._lines.put(line)


def test_watch_judges_every_save_whatever_way_the_editor_saves(solution: Path):
    solution.write_text(WRONG)
    watching = Watching(solution)
    try:
        assert watching.verdict() == "failed"
        solution.write_text(RIGHT)  # in place
        assert watching.verdict() == "passed"
        solution.with_name("other.py").write_text("no concern of ours")
        swap = solution.with_name(".solution.py.swp")
        swap.write_text("def f(:")
        swap.replace(solution)  # a new file in its place
        assert watching.verdict() == "syntax_error"
        solution.unlink()  # gone for a moment, then back
        solution.write_text("")
        assert watching.verdict() == "runtime_error"
        solution.write_bytes(b"#" * 1_000_001)  # too large for a moment
        solution.write_text(RIGHT + "\n")
        assert watching.verdict() == "passed"
    finally:
        status, errors = watching.stop()
    assert status == 130
    assert "Traceback" not in errors
    assert attempts() == ["passed", "runtime_error", "syntax_error", "passed", "failed"]
