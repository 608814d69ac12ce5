"""A class is graded on several cores or on Ray, with odd folders, and across deaths."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.errors import LearnerError, UsageError
from app.grading import ray_crew
from app.grading.crew import WorkerDied
from app.grading.results import ResultsFile, open_results, read_results
from app.grading.run import ATTEMPTS, judge_all
from app.grading.submissions import find
from app.health import pinned
from drills.catalogue import get_drill
from verifiers.bench import descendants

ROOT = Path(__file__).parent.parent
RIGHT = get_drill("kv_cache_bytes").reference
WRONG = "def kv_cache_bytes(*a, **k): return 0\n"
ONE, TWO = ("--workers", "1"), ("--workers", "2")
RAY = ("--ray", "local")


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "app", "grade", str(folder), *options]


def grade(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *options), capture_output=True, text=True, timeout=400, check=False
    )


def results(text: str) -> dict[tuple[str, str], str]:
    lines = [json.loads(line) for line in text.splitlines()]
    return {(line["learner"], line["drill"]): line["verdict"] for line in lines}


def make_class(folder: Path, size: int) -> Path:
    """Learners with one file each: the odd ones are right, the even ones wrong."""
    for number in range(size):
        learner = folder / f"learner{number}"
        learner.mkdir(parents=True)
        (learner / "kv_cache_bytes.py").write_text(RIGHT if number % 2 else WRONG)
    return folder


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_until(true: object, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert true()


@contextmanager
def under_way(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A run that has judged something and has not come to its end."""
    process = subprocess.Popen(
        command(folder, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: read_results(folder / "grades.jsonl") or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        yield process
    finally:
        process.kill()
        process.communicate()


def assert_complete(folder: Path, size: int) -> None:
    """Every submission has one result, and the right one."""
    lines = (folder / "grades.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines if line.endswith("}")]
    assert len(found) == len({line["id"] for line in found}) == size
    for line in found:
        right = int(line["learner"].removeprefix("learner")) % 2
        assert line["verdict"] == ("passed" if right else "failed"), line


@pytest.fixture
def classroom(tmp_path):
    for learner, code in {"ada": RIGHT, "bob": WRONG, "name with ünïcode": RIGHT}.items():
        folder = tmp_path / "class" / learner
        folder.mkdir(parents=True)
        (folder / "kv_cache_bytes.py").write_text(code)
    return tmp_path / "class"


# A class


def test_judges_a_class_reports_what_is_odd_and_judges_what_is_new(classroom):
    ada, bob = classroom / "ada", classroom / "bob"
    (ada / "no_such_drill.py").write_text("x = 1")
    (ada / "layer_norm.py").write_bytes(b"#" * 300_000)
    (bob / "rope.py").mkdir()
    (bob / "notes.txt").write_text("hello")
    os.mkfifo(bob / "cosine_warmup.py")
    (bob / "lora_merge.py").symlink_to("/dev/zero")
    (bob / "__pycache__").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        before = Path.cwd()
        os.chdir(bob)  # an address of a socket is short
        listener.bind("lora_forward.py")
        os.chdir(before)
    (classroom / "stray.py").write_text(RIGHT)
    (classroom / "around").symlink_to(".")
    (classroom / "empty").mkdir()
    run = grade(classroom, *TWO)
    assert run.returncode == 0, run.stderr
    assert results(run.stdout) == {
        ("ada", "kv_cache_bytes"): "passed",
        ("bob", "kv_cache_bytes"): "failed",
        ("name with ünïcode", "kv_cache_bytes"): "passed",
    }
    for odd, why in {
        "ada/no_such_drill.py": "there is no drill called 'no_such_drill'",
        "ada/layer_norm.py": "larger than 256 KiB",
        "bob/rope.py": "a folder; submissions lie in",
        "bob/notes.txt": "not a .py file",
        "bob/cosine_warmup.py": "not a file",
        "bob/lora_merge.py": "a link",
        "bob/lora_forward.py": "not a file",
        "stray.py": "not a learner's folder",
        "around": "a link",
    }.items():
        assert f"passed over {odd}: {why}" in run.stderr
    assert "pycache" not in run.stderr
    assert re.search(r"kv_cache_bytes +2 +3 +1 failed", run.stderr)
    assert re.search(r"empty +0 +0 +kv_cache_bytes", run.stderr)
    again = grade(classroom)
    assert again.stdout == ""
    assert "3 of them judged before" in again.stderr
    # New code is judged again, and a torn line does no harm.
    output = classroom / "grades.jsonl"
    output.write_text(output.read_text() + '{"id": "torn')
    (bob / "kv_cache_bytes.py").write_text(RIGHT)
    run = grade(classroom, *ONE)
    assert results(run.stdout) == {("bob", "kv_cache_bytes"): "passed"}
    assert len(read_results(output)) == 4


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two\nlines", r"two\nlines"),
        ("\udcff\udcfe", r"\xff\xfe"),
        ("\u202eturned", r"\u202eturned"),
        ("[red]学", "[red]学"),
        ("-rf", "-rf"),
    ],
)
def test_a_name_that_cannot_be_printed_is_escaped(tmp_path, name, shown):
    (tmp_path / name).mkdir()
    (tmp_path / name / "kv_cache_bytes.py").write_text(RIGHT)
    found = find(tmp_path)
    assert found.learners == (shown,)
    assert [item.learner for item in found.submissions] == [shown]


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


# Deaths


@pytest.mark.parametrize("how", [ONE, (*ONE, *RAY)], ids=["local", "ray"])
def test_a_run_that_was_killed_leaves_no_judge_and_goes_on_and_doubles_nothing(tmp_path, how):
    folder = make_class(tmp_path / "class", 60)
    with under_way(folder, *how) as process:
        judges = [pid for pid in descendants(process.pid) if b"zygote" in cmdline(pid)]
        assert judges
        process.kill()
    wait_until(lambda: not any(map(alive, judges)))
    assert 0 < len(read_results(folder / "grades.jsonl")) < 60
    run = grade(folder, *ONE)
    assert run.returncode == 0, run.stderr
    assert_complete(folder, 60)


@pytest.mark.parametrize(
    ("how", "worker"), [(TWO, b"spawn_main"), ((*TWO, *RAY), b"ray::Grader")], ids=["local", "ray"]
)
def test_a_worker_that_is_killed_costs_nobody_a_verdict(tmp_path, how, worker):
    folder = make_class(tmp_path / "class", 80)
    with under_way(folder, *how) as process:
        victim = next(pid for pid in descendants(process.pid) if worker in cmdline(pid))
        os.kill(victim, signal.SIGKILL)
        printed, said = process.communicate(timeout=400)
    assert process.returncode == 0, said
    assert "a worker died" in said
    assert len(printed.splitlines()) == 80
    assert_complete(folder, 80)


def cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("how", [ONE, (*ONE, *RAY)], ids=["local", "ray"])
def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(tmp_path, how):
    folder = make_class(tmp_path / "class", 60)
    with under_way(folder, *how) as process:
        started = list(descendants(process.pid))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "the same command goes on from here" in said
    assert "Traceback" not in said
    wait_until(lambda: not any(map(alive, started)))


class Hand:
    """A worker of this process, for the rules of handing out: dies of code that says so."""

    def give(self, batch):
        self.batch = batch

    def take(self):
        if any(b"deadly" in item.source for item in self.batch):
            raise WorkerDied("it said so")
        return [{"id": item.id, "verdict": "passed"} for item in self.batch]


class Hands:
    def __init__(self, size: int) -> None:
        self.size = size

    def hire(self):
        return Hand()

    def wait(self, workers):
        return workers[:1]


def write(folder: Path, sources: dict[str, str]) -> None:
    for learner, source in sources.items():
        (folder / learner).mkdir()
        (folder / learner / "kv_cache_bytes.py").write_text(source)


def test_code_that_kills_its_worker_keeps_nobody_from_a_verdict(tmp_path):
    write(tmp_path, {f"learner{n:02}": "deadly" if n in (3, 11) else str(n) for n in range(40)})
    said: list[str] = []
    judged = list(judge_all(find(tmp_path).submissions, Hands(2), said.append))
    assert len({result["id"] for result in judged}) == len(judged) == 40
    faults = [result for result in judged if result["verdict"] == "judge_error"]
    assert [result["learner"] for result in faults] == ["learner03", "learner11"]
    assert f"died {ATTEMPTS} times" in faults[0]["message"]


def test_workers_that_do_nothing_but_die_end_the_run(tmp_path):
    write(tmp_path, {f"learner{n:02}": "deadly" for n in range(40)})
    with pytest.raises(LearnerError, match=r"keep dying: it said so.*run the same command"):
        list(judge_all(find(tmp_path).submissions, Hands(4), lambda text: None))


def test_files_that_change_or_vanish_while_they_wait_are_passed_over(tmp_path):
    write(tmp_path, {"ada": "1", "bob": "2", "cleo": "3"})
    found = find(tmp_path).submissions
    (tmp_path / "ada" / "kv_cache_bytes.py").unlink()
    (tmp_path / "bob" / "kv_cache_bytes.py").write_text("new")
    said: list[str] = []
    judged = list(judge_all(found, Hands(1), said.append))
    assert [result["id"] for result in judged] == [found[2].id]
    assert "ada/kv_cache_bytes.py: cannot be read: No such file" in said[0]
    assert "bob/kv_cache_bytes.py: it was changed" in said[1]


# The results file


def test_a_full_disk_is_said_and_nothing_is_lost():
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
        file = ResultsFile(Path("grades.jsonl"), full)
        with pytest.raises(LearnerError, match=r"No space left on device.*same command"):
            file.write({"id": "1"})


def test_two_runs_do_not_write_to_one_file(tmp_path):
    path = tmp_path / "grades.jsonl"
    with open_results(path), pytest.raises(UsageError, match="another run is writing"):
        open_results(path).__enter__()
    with open_results(path):
        pass  # free again


@pytest.mark.parametrize("path", ["/dev/zero", "/", "/no/such/folder/file"])
def test_results_go_into_an_ordinary_file(path):
    with pytest.raises(UsageError, match="cannot write results"):
        open_results(Path(path)).__enter__()


def test_lines_that_are_no_results_are_passed_over(tmp_path):
    path = tmp_path / "grades.jsonl"
    good = {"id": "1", "learner": "ada", "drill": "rope", "verdict": "passed", "more": 1}
    fault = good | {"id": "2", "verdict": "judge_error"}
    lines = [json.dumps(good), json.dumps(fault), "[]", "7", "{}", '{"id": 1}', "[" * 10**5, ""]
    path.write_bytes("\n".join(lines).encode() + b"\xff\n")
    assert read_results(path).keys() == {"1"}


# Progress and Ray


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines():
    code = """
from app.grading.progress import progress
with progress(2, 5) as shown:
    for verdict in ("passed", "failed", "passed"):
        shown.advance(verdict)
    shown.message("[bold]a worker died")
"""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    run = [sys.executable, "-c", code]
    with os.fdopen(ours, "rb"):
        subprocess.run(run, cwd=ROOT, stderr=theirs, env=environment, check=True, timeout=60)
        os.close(theirs)
        text = read_all(ours)
    assert "5/5" in text and "2 passed" in text and "[bold]a worker died" in text
    piped = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert piped.stderr.splitlines() == ["3 of 5", "4 of 5", "5 of 5", "[bold]a worker died"]


def read_all(terminal: int) -> str:
    text = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            return text.decode()
        text += part


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(UsageError, match=re.escape(f"pip install {ray_crew.PIN}")):
        ray_crew._import_ray("local")
    name, version = ray_crew.PIN.split("==")
    assert pinned((ROOT / "requirements.txt").read_text())[name] == version


def test_a_ray_that_is_not_there_is_the_caller_s_mistake(classroom):
    run = grade(classroom, "--ray", "127.0.0.1:1")
    assert run.returncode == 2
    assert "Ray at '127.0.0.1:1' does not answer: [Errno 111] Connection refused" in run.stderr
