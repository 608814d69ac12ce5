"""What cannot be read or written gets a clear message, stays as it is, and loses nothing."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from app.store import (
    Store,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreNewerError,
    StoreUnwritableError,
    data_folder,
)

ROOT = Path(__file__).parent.parent


@pytest.fixture
def path() -> Path:
    """The database file of a store with a hundred events in it."""
    with Store.open() as store:
        for number in range(100):
            store.record_event("old", "subject " * 40, number)
        assert len(store.events("old")) == 100
        return store.inventory().path


def overwrite(path: Path, offset: int, data: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    path.write_bytes(content)


def newer_duckdb(path: Path) -> None:
    """Raise the storage version in the file's first header, and set its checksum right."""
    header = bytearray(path.read_bytes()[:4096])
    header[12:20] = struct.pack("<Q", 7000)
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", header[8:]):
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    overwrite(path, 0, struct.pack("<Q", checksum) + header[8:])


def newer_whetstone(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (9999, '2030-01-01')")


def foreign(path: Path) -> None:
    path.unlink()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE holidays (i INT)")


DAMAGES: dict[str, tuple[Callable[[Path], object], type[StoreError], str]] = {
    "empty": (lambda path: path.write_bytes(b""), StoreDamagedError, "is damaged"),
    "text": (lambda path: path.write_bytes(b"my notes\n" * 999), StoreDamagedError, "is damaged"),
    "cut short": (lambda path: os.truncate(path, 50_000), StoreDamagedError, "is damaged"),
    "cut to its header": (lambda path: os.truncate(path, 4096), StoreDamagedError, "is damaged"),
    "bytes changed": (
        lambda path: overwrite(path, 12_388, b"\xff" * 50),
        StoreDamagedError,
        "is damaged",
    ),
    "headers changed": (
        lambda path: overwrite(path, 4116, b"\xff" * 4110),
        StoreDamagedError,
        "is damaged",
    ),
    "foreign": (foreign, StoreDamagedError, "not one of Whetstone's"),
    "newer Whetstone": (newer_whetstone, StoreNewerError, "newer Whetstone"),
    "newer DuckDB": (newer_duckdb, StoreNewerError, "newer DuckDB"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_cannot_be_read_is_reported_and_left_as_it_is(path: Path, damage: str):
    apply, error, words = DAMAGES[damage]
    apply(path)
    before = path.read_bytes()
    with Store.open() as store:
        store.record_event("new")  # still safe: it waits in the spool
        with pytest.raises(error, match=words) as caught:
            store.events("old")
        assert str(path) in str(caught.value)
        with pytest.raises(error):
            store.set_setting("a", 1)
    assert path.read_bytes() == before
    path.unlink()  # the learner does what the message says
    with Store.open() as store:
        assert len(store.events("new")) == 1


def test_a_folder_in_the_place_of_the_file_is_reported(path: Path):
    path.unlink()
    path.mkdir()
    with Store.open() as store, pytest.raises(StoreDamagedError, match="directory"):
        store.events("old")


def test_a_log_without_its_database_is_not_taken_for_a_new_start(path: Path):
    path.rename(f"{path}.wal")
    with Store.open() as store, pytest.raises(StoreDamagedError, match="Put the database back"):
        store.events("old")
    assert not path.exists()


def test_a_program_that_keeps_the_file_open_is_waited_for_and_then_named(path: Path):
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin and holder.stdout and holder.stdout.readline()
    with Store.open(timeout=0.2) as store:
        store.record_event("new")
        with pytest.raises(StoreBusyError, match="to itself"):
            store.events("new")
        holder.communicate(b"\n", timeout=60)
        assert len(store.events("new")) == 1


@pytest.mark.parametrize(
    "name", ["with spaces", "中文/数据", "it's; DROP", "a\nb", "%41 {x} $HOME", "deep/er/still"]
)
def test_the_data_folder_may_have_any_name(tmp_path: Path, monkeypatch, name: str):
    monkeypatch.setenv("WHETSTONE_HOME", str(tmp_path / name))
    with Store.open() as store:
        store.record_event("seen")
        assert len(store.events("seen")) == 1
    assert (tmp_path / name / "progress.duckdb").is_file()


def test_the_data_folder_may_be_relative_or_begin_with_a_tilde(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert data_folder("here") == tmp_path / "here"
    assert data_folder("~/there") == tmp_path / "me" / "there"
    monkeypatch.setenv("WHETSTONE_HOME", "")
    assert data_folder().is_relative_to(tmp_path / "me")


def test_a_file_in_the_place_of_the_data_folder_is_named(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("mine")
    for home in (file, file / "inside"):
        with Store.open(home) as store:
            with pytest.raises(StoreUnwritableError, match="a file is in the way"):
                store.record_event("seen")
            with pytest.raises(StoreUnwritableError, match="WHETSTONE_HOME"):
                store.events("seen")
    assert file.read_text() == "mine"


def test_a_data_folder_whose_name_is_not_text_is_refused(tmp_path: Path):
    home = os.fsdecode(bytes(tmp_path) + b"/\xff")
    with Store.open(home) as store, pytest.raises(StoreUnwritableError, match="not UTF-8"):
        store.events("seen")


def test_a_spool_file_that_cannot_be_read_is_named(path: Path):
    folder = path.parent / "spool" / "mine.jsonl"
    folder.mkdir()
    with Store.open() as store, pytest.raises(StoreUnwritableError, match=r"cannot read .*mine"):
        store.events("old")


def confined(script: str, home: Path, *bwrap: str) -> list[str]:
    """The lines that a Python script prints in a view of this machine that bwrap makes."""
    command = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *bwrap]
    result = subprocess.run(
        [*command, "--chdir", str(ROOT), sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"WHETSTONE_HOME": str(home)},
    )
    assert not result.stderr, result.stderr
    return result.stdout.splitlines()


needs_bwrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="bwrap is not installed")

READ_ONLY = """
from app.store import Store, StoreError
store = Store.open()
for use in (lambda: store.events("old"), lambda: store.record_event("new")):
    try:
        use()
    except StoreError as error:
        print(type(error).__name__, error)
"""

FULL_DISK = """
import contextlib, itertools, os, pathlib
from app.store import Store, StoreError
store = Store.open()
filler = store.home / "filler"
store.record_event("first")
assert len(store.events("first")) == 1
filler.write_bytes(bytes(6_000_000))
acknowledged = 0
try:
    for _ in itertools.count():
        store.record_event("big", "x" * 5000)
        acknowledged += 1
except StoreError as error:
    print(type(error).__name__, error)
with contextlib.suppress(OSError):
    filler.with_name("crumbs").write_bytes(bytes(1_000_000))  # not a byte is left
try:
    store.events("big")
except StoreError as error:
    print(type(error).__name__, error)
filler.unlink()
assert acknowledged > 20 and len(store.events("big")) == acknowledged, acknowledged
print("everything acknowledged is there")
"""


@needs_bwrap
def test_a_read_only_data_folder_gets_a_message(path: Path):
    home = path.parent
    lines = confined(READ_ONLY, home, "--ro-bind", str(home), str(home))
    assert len(lines) == 2
    for line in lines:
        assert line.startswith(f"StoreUnwritableError cannot write to {home}")
        assert "Read-only file system" in line
        assert "set WHETSTONE_HOME to another folder" in line


@needs_bwrap
def test_a_full_disk_gets_a_message_and_nothing_acknowledged_is_lost(whetstone_home: Path):
    size = ("--size", "8000000", "--tmpfs", str(whetstone_home))
    writing, reading, end = confined(FULL_DISK, whetstone_home, *size)
    assert writing.startswith("StoreUnwritableError") and "No space left" in writing
    assert reading.startswith("StoreUnwritableError") and "disk is full" in reading
    assert end == "everything acknowledged is there"
