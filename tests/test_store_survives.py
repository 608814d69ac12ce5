"""Nothing acknowledged is lost or doubled: several processes, `kill -9`, and files cut short."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from app.store import Event, Store
from app.store.codec import to_line
from app.store.drain import clean_up, read_spool
from app.store.spool import SpoolWriter
from tests import store_worker

WORKER = Path(__file__).parent / "store_worker.py"
LIMIT = 60  # seconds a worker may take on a slow machine


def worker(*arguments: str, into: Path | None = None) -> subprocess.Popen[str]:
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(into.open("wb")) if into else subprocess.PIPE
        command = [sys.executable, str(WORKER), *arguments]
        return subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def recorded() -> Counter[tuple[str, int]]:
    with Store.open() as store:
        return Counter((event.subject, event.payload) for event in store.events("written"))


def acknowledged(output: str) -> set[tuple[str, int]]:
    lines = [line.split() for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return {(name, int(number)) for name, number in lines}


def test_four_processes_and_a_thread_write_at_once_and_every_row_arrives_once():
    workers = [worker("write", f"w{number}", "30") for number in range(4)]
    with Store.open() as store:

        def record() -> None:
            for number in range(30):
                store.record_event("written", "thread", number)
                store.events("written", "thread")

        thread = threading.Thread(target=record)
        thread.start()
        results = [process.communicate(timeout=LIMIT) for process in workers]
        thread.join()
    assert [process.returncode for process in workers] == [0] * 4, results
    names = ["thread", *(f"w{number}" for number in range(4))]
    assert recorded() == Counter((name, number) for name in names for number in range(30))
    assert list((Store.open().home / "spool").iterdir()) == []


def test_a_storm_of_kill_9_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path):
    dice = random.Random(7)
    promised: set[tuple[str, int]] = set()
    for round_ in range(4):
        outputs = [tmp_path / f"r{round_}w{number}" for number in range(3)]
        workers = [worker("write", path.name, "0", into=path) for path in outputs]
        for path, process in zip(outputs, workers, strict=True):
            wait_for(lambda path=path: path.stat().st_size > 0, process)
            time.sleep(dice.uniform(0.02, 0.2))
        recorded()  # a reader at the same time
        for process in workers:
            process.send_signal(signal.SIGKILL)
            assert not process.communicate(timeout=LIMIT)[1]
        promised |= {row for path in outputs for row in acknowledged(path.read_text())}
    found = recorded()
    assert len(promised) > 12
    assert promised <= found.keys()
    assert set(found.values()) == {1}


@pytest.mark.parametrize("point", store_worker.POINTS)
def test_dying_at_the_worst_moment_loses_nothing(point: str):
    process = worker("die", point)
    output, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == -signal.SIGKILL, errors
    assert acknowledged(output) <= recorded().keys()
    with Store.open() as store:
        store.record_event("written", "after", 1)
    assert recorded() >= Counter({("before", 0): 1, ("after", 1): 1})
    assert set(recorded().values()) == {1}
    assert list((Store.open().home / "spool").iterdir()) == []


def test_a_line_cut_short_is_not_a_record_and_does_not_hide_the_lines_before_it():
    with Store.open() as store:
        store.record_event("written", "whole", 1)
        (spool,) = (store.home / "spool").iterdir()
        kept = spool.read_bytes()
    spool.with_name("other.jsonl").write_bytes(kept + kept[:40])
    spool.unlink()
    assert recorded() == Counter({("whole", 1): 1})
    assert list(spool.parent.iterdir()) == []


def test_a_line_that_is_damaged_is_set_aside_and_the_others_arrive():
    with Store.open() as store:
        store.record_event("written", "good", 1)
        (spool,) = (store.home / "spool").iterdir()
        kept = spool.read_bytes()
    spool.write_bytes(b"\xff\xfe not JSON\n" + kept)
    assert recorded() == Counter({("good", 1): 1})
    (aside,) = spool.parent.iterdir()
    assert aside.suffix == ".damaged"
    with Store.open() as store:
        assert store.inventory().set_aside == 1


def test_a_line_of_a_newer_whetstone_is_left_for_it():
    with Store.open() as store:
        store.record_event("written", "old", 1)
        folder = store.home / "spool"
    newer = folder / "newer.jsonl"
    newer.write_text('{"v": 2, "table": "dreams"}\n')
    assert recorded() == Counter({("old", 1): 1})
    assert list(folder.iterdir()) == [newer]


def test_the_spool_file_of_a_living_writer_stays_while_others_read():
    with Store.open() as writer:
        writer.record_event("written", "mine", 1)
        (spool,) = (writer.home / "spool").iterdir()
        assert recorded() == Counter({("mine", 1): 1})
        assert spool.exists()
        writer.record_event("written", "mine", 2)
        assert recorded() == Counter({("mine", 1): 1, ("mine", 2): 1})
    recorded()
    assert not spool.exists()


def test_a_long_spool_file_is_given_up_for_a_new_one():
    with Store.open() as writer:
        for number in range(3):
            writer.record_event("written", "long", "x" * 300_000 + str(number))
        assert len(list((writer.home / "spool").iterdir())) == 3
        assert len(writer.events("written", "long")) == 3
        assert list((writer.home / "spool").iterdir()) == []


def test_more_than_fits_into_one_statement_arrives_all_the_same(monkeypatch):
    monkeypatch.setattr("app.store.drain.BATCH", 1000)
    with Store.open() as store:
        for number in range(50):
            store.record_event("written", "many", number)
        assert recorded() == Counter({("many", number): 1 for number in range(50)})


@pytest.mark.parametrize("writer_lives", [True, False])
def test_a_line_written_between_the_copy_and_the_clean_up_is_kept(
    tmp_path: Path, writer_lives: bool
):
    writer, another = SpoolWriter(tmp_path), SpoolWriter(tmp_path / "another")
    writer.append([to_line(Event(kind="first"))])
    copied = {file.path: file for file in read_spool(tmp_path, {})}
    writer.append([to_line(Event(kind="second"))])
    if not writer_lives:
        writer.close()
    clean_up(copied, writer if writer_lives else another, {})
    (left,) = read_spool(tmp_path, {})
    assert [record.kind for record in left.records] == ["first", "second"]
    writer.close()


FORK = """
import os, sys
sys.path.insert(0, sys.argv[1])
from app.store import Event, Store
from app.store.codec import to_line
from app.store.drain import clean_up, read_spool
from app.store.spool import SpoolWriter
store = Store.open()
store.record_event("written", "parent", 0)
child_waits, go = os.pipe()
child = os.fork()
if child == 0:
    os.read(child_waits, 1)  # until the parent has read, and deleted the file it wrote to
    store.record_event("written", "child", 1)
    assert len(store.events("written")) == 2
    os._exit(0)
assert len(store.events("written")) == 1
os.write(go, b"!")
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_a_forked_child_writes_to_a_file_of_its_own():
    command = [sys.executable, "-c", FORK, str(WORKER.parent.parent)]
    subprocess.run(command, check=True, timeout=LIMIT)
    assert recorded() == Counter({("parent", 0): 1, ("child", 1): 1})
