"""What every command shares: it is found, starts quickly, and fails with one clear message."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import commands
from app.__main__ import main
from app.store import Store
from drills.catalogue import all_drills

ROOT = Path(__file__).parent.parent
SHARED = {"check", "doctor", "drills", "progress", "start", "watch"}


def launch(*arguments: str, **options) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_every_command_says_what_it_does_and_takes_json(capsys):
    assert set(commands.names()) >= SHARED
    for name in commands.names():
        command = commands.load(name)
        assert command.HELP.endswith(".") and "\n" not in command.HELP
        if name != "watch":
            assert "--json" in commands.parser(name).format_help(), name
        assert main([name, "--help"]) == 0
        assert capsys.readouterr().out.startswith(f"usage: python -m app {name}")


def test_help_lists_every_command_and_drawing_it_imports_nothing_slow():
    code = (
        "import sys; from app.__main__ import main; main(['--help']); "
        "slow = {'torch', 'streamlit', 'duckdb', 'plotly', 'sympy', 'numpy'} & set(sys.modules); "
        "sys.exit(f'imported {slow}' if slow else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    for name in commands.names():
        assert f"  {name} " in result.stdout


@pytest.mark.parametrize(
    "command", [["drills"], ["start", "softmax_temperature"], ["hint", "--help"]]
)
def test_a_command_imports_only_what_it_needs(command: list[str], tmp_path: Path):
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop()); from app.__main__ import main; "
        "assert main(sys.argv[1:]) == 0; "
        "slow = {'torch', 'streamlit', 'duckdb', 'plotly', 'sympy', 'numpy'} & set(sys.modules); "
        "sys.exit(f'imported {slow}' if slow else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *command, str(ROOT)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chekc"], "Did you mean check?"),
        (["xyzzy"], "there is no command 'xyzzy'"),
        (["check"], "required"),
        (["drills", "--difficulty", "heroic"], "invalid choice"),
        (["start", "softmax_temprature"], "Did you mean softmax_temperature"),
        (["check", "no_such_drill", "-"], "there is no drill called 'no_such_drill'"),
        (["--port", "high"], "invalid int value"),
    ],
)
def test_wrong_usage_is_explained_on_stderr_with_status_2(capsys, arguments: list[str], words: str):
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert words in output.err
    assert "Traceback" not in output.err
    assert not output.out


def test_alone_it_starts_the_web_app(monkeypatch):
    started = []
    monkeypatch.setattr("app.serve.serve", lambda **options: started.append(options) or 0)
    assert main([]) == main(["--port", "9000", "--no-browser"]) == 0
    assert started == [
        {"port": None, "open_browser": True},
        {"port": 9000, "open_browser": False},
    ]


def test_an_error_of_the_store_is_one_message(capsys, whetstone_home: Path):
    (whetstone_home / "progress.duckdb").write_text("scribble")
    assert main(["progress"]) == 2
    error = capsys.readouterr().err
    assert "is damaged and was left as it is" in error
    assert "Traceback" not in error


def test_a_mistake_of_ours_is_owned_without_a_traceback_unless_asked_for(capsys, monkeypatch):
    def fail(args):
        raise ZeroDivisionError("our bug")

    monkeypatch.setattr(commands.load("drills"), "run", fail)
    assert main(["drills"]) == 3
    quiet = capsys.readouterr().err
    assert "Whetstone made a mistake, not you: ZeroDivisionError: our bug" in quiet
    assert "Traceback" not in quiet
    monkeypatch.setenv("WHETSTONE_DEBUG", "1")
    assert main(["drills"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_ends_a_command_with_130_and_no_traceback(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = launch("check", "softmax_temperature", str(pipe))
    writer = pipe.open("w")  # returns once the command has opened the other end and reads
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    writer.close()
    assert (process.returncode, output.strip(), errors.strip()) == (130, "", "")


@pytest.mark.parametrize("options", [["--json"], []])
def test_a_reader_that_leaves_is_no_error(options: list[str]):
    process = launch("drills", *options, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert process.stdout and process.stderr
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141


def test_a_terminal_without_the_right_letters_gets_question_marks():
    process = launch("doctor", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert output.startswith("? Python: ")


def test_drills_lists_what_the_catalogue_holds(capsys):
    assert main(["drills", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in listed] == list(all_drills())
    for row in listed:
        assert list(row) == ["id", "title", "topic", "difficulty", "minutes", "skills", "entry"]
    assert main(["drills"]) == 0
    table = capsys.readouterr().out
    for drill in all_drills().values():
        assert drill.id in table and drill.title in table


def test_drills_can_be_narrowed(capsys):
    drill = all_drills()["softmax_temperature"]
    narrow = ["--topic", drill.topic, "--skill", drill.skills[0], "--difficulty", drill.difficulty]
    assert main(["drills", "--json", *narrow]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert drill.id in [row["id"] for row in listed]
    assert {row["topic"] for row in listed} == {drill.topic}
    assert main(["drills", "--topic", "cooking"]) == 0
    assert "no drill matches" in capsys.readouterr().err


def test_start_writes_the_starter_and_never_over_a_file(capsys, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drill = all_drills()["softmax_temperature"]
    assert main(["start", drill.id]) == 0
    shown = capsys.readouterr().out
    assert drill.title in shown and "python -m app check" in shown
    file = tmp_path / f"{drill.id}.py"
    assert file.read_text(encoding="utf-8") == drill.starter
    file.write_text("mine")
    for path in (".", str(file)):
        assert main(["start", drill.id, path]) == 2
        assert "exists and was left as it is" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert main(["start", drill.id, "new.py", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert (written["drill"], written["path"], written["entry"]) == (
        drill.id,
        "new.py",
        drill.entry,
    )
    assert main(["start", drill.id, "missing/folder/x.py"]) == 2
    assert "cannot write missing/folder/x.py: No such file" in capsys.readouterr().err


def test_hints_come_one_at_a_time_and_are_recorded(capsys):
    drill = all_drills()["softmax_temperature"]
    for number in [*range(1, len(drill.hints) + 1), len(drill.hints)]:
        assert main(["hint", drill.id, "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert (shown["number"], shown["hint"]) == (number, drill.hints[number - 1])
    with Store.open() as store:
        assert store.drill_states()[drill.id].hints_shown == len(drill.hints)


def test_the_solution_is_shown_on_giving_up_which_is_recorded_once(capsys):
    drill = all_drills()["softmax_temperature"]
    assert main(["solution", drill.id]) == 2
    refused = capsys.readouterr()
    assert not refused.out and "--give-up" in refused.err
    assert main(["solution", drill.id, "--give-up"]) == 0
    assert capsys.readouterr().out == drill.reference
    assert main(["solution", drill.id, "--give-up", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["solution"] == drill.reference
    with Store.open() as store:
        assert len(store.events("gave_up", drill.id)) == 1


def test_who_gave_up_days_ago_must_give_up_again_to_see_the_solution(capsys):
    drill = all_drills()["softmax_temperature"]
    with Store.open(now=lambda: datetime.now(UTC) - timedelta(days=3)) as earlier:
        earlier.record_event("gave_up", drill.id)
    assert main(["solution", drill.id]) == 2
    assert not capsys.readouterr().out


def test_the_table_for_the_readme_has_a_row_for_every_command():
    rows = commands.table().splitlines()[2:]
    assert len(rows) == len(commands.names()) + 1
    for name, row in zip(commands.names(), rows[1:], strict=True):
        assert row.startswith(f"| `python -m app {name}")
        assert row.replace("\\|", "").count("|") == 3
