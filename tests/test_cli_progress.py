"""`progress`: where I stand, and everything recorded out to a file and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.__main__ import main
from app.store import Store
from drills.catalogue import all_drills, get_drill
from topics.skills import all_skills
from verifiers.verdict import Verdict

DRILL = get_drill("softmax_temperature")


@pytest.fixture
def practised() -> None:
    with Store.open() as store:
        store.record_attempt(Verdict(DRILL.id, "failed", 1, "cpu", 1.0), "first")
        store.record_attempt(Verdict(DRILL.id, "passed", 1, "cpu", 1.0), "second")
        store.record_attempt(Verdict("layer_norm", "failed", 1, "cpu", 1.0), "third")
        store.record_self_assessment(DRILL.skills[0], 3)
        past = datetime.now(UTC) - timedelta(hours=1)
        store.record_review("drill", DRILL.id, 3, "{}", past)


def progress(capsys, *arguments: str) -> str:
    assert main(["progress", *arguments]) == 0
    return capsys.readouterr().out


def test_progress_counts_what_was_done(capsys, practised):
    found = json.loads(progress(capsys, "--json"))
    assert found["streak"] == {"current": 1, "longest": 1, "active_today": True}
    assert found["reviews_due"] == 1
    assert [day["attempts"] for day in found["days"]] == [0] * 6 + [3]
    topic = next(row for row in found["topics"] if row["topic"] == DRILL.topic)
    assert topic["passed"] == 1
    assert sum(row["tried"] for row in found["topics"]) == 1
    assert sum(row["drills"] for row in found["topics"]) == len(all_drills())
    assert [row["skill"] for row in found["skills"]] == list(all_skills())
    skill = next(row for row in found["skills"] if row["skill"] == DRILL.skills[0])
    assert (skill["passed"], skill["self_assessment"]) == (1, 3)
    assert 0 < found["readiness"] < 1
    assert [row["verdict"] for row in found["recent"]] == ["failed", "passed", "failed"]


def test_progress_reads_well_in_a_terminal(capsys, practised):
    shown = progress(capsys)
    assert "Readiness" in shown and "Streak 1 day (longest 1)" in shown
    assert "1 review due: python -m app review" in shown
    assert DRILL.topic in shown and DRILL.id in shown


def test_progress_of_a_newcomer_is_empty_and_says_how_to_begin(capsys):
    found = json.loads(progress(capsys, "--json"))
    assert (found["readiness"], found["recent"], found["reviews_due"]) == (0.0, [], 0)
    assert "python -m app start" in progress(capsys)


def test_everything_moves_to_another_machine_once(capsys, practised, tmp_path: Path, monkeypatch):
    file = str(tmp_path / "mine.jsonl")
    assert json.loads(progress(capsys, "--export", file, "--json"))["exported"] == 5
    monkeypatch.setenv("WHETSTONE_HOME", str(tmp_path / "another machine"))
    assert json.loads(progress(capsys, "--import", file, "--json")) == {"added": 5, "known": 0}
    assert "Added 0 records; 5 were here already." in progress(capsys, "--import", file)
    assert json.loads(progress(capsys, "--json"))["recent"][0]["drill"] == "layer_norm"


def test_a_file_that_is_no_export_is_refused_both_ways(capsys, tmp_path: Path):
    file = tmp_path / "solution.py"
    file.write_text("precious")
    for option in ("--export", "--import"):
        assert main(["progress", option, str(file)]) == 2
        assert str(file) in capsys.readouterr().err
    assert file.read_text() == "precious"
    assert main(["progress", "--export", "a", "--import", "b"]) == 2
