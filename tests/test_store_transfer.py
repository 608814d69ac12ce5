"""Everything recorded goes into one file and comes back, once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.store import Store, StoreError, StoreImportError, StoreUnwritableError
from verifiers.verdict import CheckResult, Diagnosis, Verdict


def fill(store: Store) -> None:
    verdict = Verdict(
        "rope", "failed", 5, "cpu", 1.5, (CheckResult("a", False, "é"),), Diagnosis("m", "why"), "p"
    )
    store.record_attempt(verdict, "x = '\x00\n✓'")
    store.record_event("gave_up", "rope")
    store.record_answer("q", {"deep": [1, None, "中"]}, kind="open", correct=None, score=0.5)
    store.record_review("drill", "rope", 2, "{}", datetime(2026, 5, 1, tzinfo=UTC))
    store.record_self_assessment("rag", 3)
    store.set_setting("theme", "dark")
    store.record_interview("mixed", 60.0, None)


def everything(store: Store) -> list[object]:
    return [
        store.attempts(),
        store.events("gave_up"),
        store.answers(),
        store.reviews(),
        store.self_assessments(),
        store.settings(),
        store.interviews(),
    ]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    with Store.open() as store:
        fill(store)
        assert store.export(tmp_path / "mine.jsonl") == 7
    return tmp_path / "mine.jsonl"


def test_an_export_restores_everything_elsewhere_and_adds_nothing_the_second_time(
    exported: Path, tmp_path: Path
):
    with Store.open() as here, Store.open(tmp_path / "elsewhere") as there:
        assert vars(there.import_(exported)) == {"added": 7, "known": 0}
        assert everything(there) == everything(here)
        assert vars(there.import_(exported)) == {"added": 0, "known": 7}
        assert everything(there) == everything(here)


def test_an_import_joins_what_is_there(exported: Path, tmp_path: Path):
    with Store.open(tmp_path / "elsewhere") as there:
        there.record_event("gave_up", "lora")
        there.import_(exported)
        assert [event.subject for event in there.events("gave_up")] == ["rope", "lora"]


def test_an_export_replaces_an_earlier_one(exported: Path):
    with Store.open() as store:
        store.record_event("more")
        assert store.export(exported) == 8
    assert len(exported.read_text().splitlines()) == 9
    assert [path.name for path in exported.parent.iterdir()] == [exported.name]


@pytest.mark.parametrize("content", ["", "my solution\n", '{"a": 1}\n', "\x00\xff"])
def test_an_export_never_overwrites_anything_else(tmp_path: Path, content: str):
    file = tmp_path / "solution.py"
    file.write_text(content)
    with Store.open() as store, pytest.raises(StoreUnwritableError, match="not overwritten"):
        store.export(file)
    assert file.read_text() == content


def test_an_export_to_a_folder_that_is_not_there_says_so(tmp_path: Path):
    with Store.open() as store, pytest.raises(StoreUnwritableError, match="No such file"):
        store.export(tmp_path / "missing" / "file.jsonl")


def test_neither_export_nor_import_opens_the_database_by_its_path():
    with Store.open() as store:
        path = store.inventory().path
        for use in (store.export, store.import_):
            with pytest.raises(StoreError, match="the database itself"):
                use(path)


def edited(lines: list[str], number: int, **changes: object) -> list[str]:
    record = json.loads(lines[number]) | changes
    return [*lines[:number], json.dumps(record), *lines[number + 1 :]]


WRONG = {
    "another file": (lambda lines: ["hello"], "not an export"),
    "an empty file": (lambda lines: [], "not an export"),
    "one cut short": (lambda lines: lines[:-1], "is incomplete"),
    "one cut within a line": (lambda lines: [*lines[:-1], lines[-1][:30]], "line 8"),
    "a time without a zone": (
        lambda lines: edited(lines, 2, happened_at="2026-01-01"),
        "line 3.*happened_at.*time zone",
    ),
    "a time out of all reason": (
        lambda lines: edited(lines, 2, happened_at="9999-12-31T23:59:59+00:00"),
        "line 3.*not between 1970 and 2200",
    ),
    "an id that is none": (lambda lines: edited(lines, 1, id="one"), "line 2.*'id'"),
    "a fault of the judge": (lambda lines: edited(lines, 1, verdict="judge_error"), "line 2"),
    "an unknown verdict": (lambda lines: edited(lines, 1, verdict="great"), "not one of passed"),
    "a number that is too big": (lambda lines: edited(lines, 1, seed=2**63), "64-bit"),
    "text for a number": (lambda lines: edited(lines, 1, wall_ms="fast"), "not a number"),
    "an unknown field": (lambda lines: edited(lines, 1, mood="good"), "unknown field 'mood'"),
    "nothing where something must be": (lambda lines: edited(lines, 1, drill=None), "is empty"),
    "a rating out of range": (lambda lines: edited(lines, 4, rating=9), "line 5.*rating"),
    "an unknown table": (lambda lines: edited(lines, 1, table="dreams"), "unknown table"),
    "a newer line": (lambda lines: edited(lines, 1, v=2), "newer than this Whetstone"),
    "checks that are none": (lambda lines: edited(lines, 1, checks=[1]), "line 2.*checks"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_file_with_anything_wrong_is_refused_before_anything_is_written(
    exported: Path, tmp_path: Path, wrong: str
):
    change, words = WRONG[wrong]
    lines = change(exported.read_text().splitlines())
    exported.write_text("".join(f"{line}\n" for line in lines))
    with Store.open(tmp_path / "elsewhere") as there:
        with pytest.raises(StoreImportError, match=words):
            there.import_(exported)
        assert sum(there.inventory().records.values()) == 0


def test_importing_a_missing_file_or_a_folder_says_so(tmp_path: Path):
    with Store.open() as store:
        for path in (tmp_path / "missing", tmp_path):
            with pytest.raises(StoreImportError, match="cannot read"):
                store.import_(path)


@pytest.mark.parametrize("form", [2, 0, "1", None, [1]])
def test_an_export_of_another_form_is_refused(tmp_path: Path, form: object):
    file = tmp_path / "later.jsonl"
    file.write_text(json.dumps({"whetstone_export": form, "records": 0}))
    with Store.open() as store, pytest.raises(StoreImportError, match="Update Whetstone"):
        store.import_(file)


def test_a_line_that_is_no_text_is_named_as_such(exported: Path):
    lines = exported.read_bytes().splitlines(keepends=True)
    exported.write_bytes(b"".join([*lines[:3], b"\xff\xfe\n", *lines[4:]]))
    with Store.open() as store, pytest.raises(StoreImportError, match="line 4: not UTF-8"):
        store.import_(exported)
