"""The resident process may die or hang: it is replaced, and nobody but the guilty pays."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from verifiers import attempt
from verifiers.sandbox import Job, Outcome, Sandbox

ENTRIES = Path(__file__).parent / "sandboxed"
HONEST = Job(b"send(b'right')", time_limit=20.0)


@pytest.fixture
def sandbox():
    """One that imports nothing beforehand, and so starts at once."""
    with Sandbox(entry="plain_entry:main", warm_up=(), extra_paths=(ENTRIES,)) as light:
        yield light


def resident_pid(sandbox: Sandbox) -> int:
    sandbox.start()
    return sandbox._resident.pid


def children_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def wait_until_gone(pid: int) -> None:
    while Path(f"/proc/{pid}").exists() and "Z" not in _state(pid):
        time.sleep(0.01)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_frozen_resident_process_is_replaced(sandbox, monkeypatch, number):
    monkeypatch.setattr(attempt, "FORK_SECONDS", 3.0)
    before = resident_pid(sandbox)
    os.kill(before, number)
    assert sandbox.run(HONEST).frames == (b"right",)
    assert resident_pid(sandbox) != before
    wait_until_gone(before)


def test_an_innocent_job_is_judged_again_and_its_frames_come_once(sandbox):
    deaths, seen = [signal.SIGKILL], []

    def on_frame(body: bytes) -> None:
        seen.append(body)
        if deaths:
            os.kill(resident_pid(sandbox), deaths.pop())

    source = b"import time\nsend(b'one'); time.sleep(0.2); send(b'two')"
    outcome = sandbox.run(Job(source, time_limit=20.0), on_frame)
    assert (outcome.kind, outcome.frames) == ("done", (b"one", b"two"))
    assert seen == [b"one", b"two"]


def test_a_job_that_says_something_else_the_second_time_is_not_mixed_up(sandbox):
    deaths = [signal.SIGKILL]

    def on_frame(body: bytes) -> None:
        os.kill(resident_pid(sandbox), deaths.pop())

    source = b"import time\nsend(b'%d' % time.time_ns()); time.sleep(5)"
    outcome = sandbox.run(Job(source, time_limit=20.0), on_frame)
    assert outcome.kind == "judge_error"
    assert "submit again" in outcome.detail


def test_the_job_that_takes_the_resident_process_down_twice_is_guilty(sandbox):
    over = threading.Event()

    def kill_whoever_runs_it() -> None:
        while not over.is_set():
            resident = sandbox._resident
            if resident is not None and children_of(resident.pid):
                os.kill(resident.pid, signal.SIGKILL)
                wait_until_gone(resident.pid)
            time.sleep(0.01)

    thread = threading.Thread(target=kill_whoever_runs_it)
    thread.start()
    outcome = sandbox.run(Job(b"import time; time.sleep(30)", time_limit=60.0))
    over.set()
    thread.join()
    assert outcome.kind == "crashed"
    assert "took the resident process down" in outcome.detail
    assert sandbox.run(HONEST).frames == (b"right",)


def test_jobs_that_ran_beside_the_guilty_one_are_judged_after_all():
    with Sandbox(
        entry="plain_entry:main", warm_up=(), workers=3, extra_paths=(ENTRIES,)
    ) as sandbox:
        ready = threading.Barrier(3, timeout=60)
        outcomes: dict[int, Outcome] = {}

        def on_frame(body: bytes) -> None:
            if body == b"begun" and ready.wait() == 0:
                os.kill(resident_pid(sandbox), signal.SIGKILL)

        def work(number: int) -> None:
            source = f"import time\nsend(b'begun'); time.sleep(0.5); send(b'{number}')"
            outcomes[number] = sandbox.run(Job(source.encode(), time_limit=30.0), on_frame)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [outcomes[number].frames[-1] for number in range(3)] == [b"0", b"1", b"2"]


def test_everything_ends_with_the_sandbox(sandbox):
    pid = resident_pid(sandbox)
    sandbox.close()
    wait_until_gone(pid)
    assert not children_of(pid)


def test_everything_ends_with_the_process_that_owns_the_sandbox():
    """Also when that process is killed and cannot clean up, with a job on its way."""
    program = f"""
import sys, threading, time
from pathlib import Path
from verifiers.sandbox import Job, Sandbox
sandbox = Sandbox(entry="plain_entry:main", warm_up=(), extra_paths=(Path({str(ENTRIES)!r}),))
said = threading.Event()
job = Job(b"send(b'x'); import time; time.sleep(1000)", time_limit=1000.0)
threading.Thread(target=sandbox.run, args=(job, lambda body: said.set()), daemon=True).start()
said.wait()
pid = sandbox._resident.pid
print(pid, Path(f"/proc/{{pid}}/task/{{pid}}/children").read_text(), flush=True)
time.sleep(1000)
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent
    )
    with owner:
        assert owner.stdout is not None
        pids = [int(text) for text in owner.stdout.readline().split()]
        owner.kill()
    assert len(pids) == 2
    for pid in pids:
        wait_until_gone(pid)


def test_an_entry_that_cannot_be_loaded_is_the_judges_fault():
    with Sandbox(entry="no_such_module:main", warm_up=()) as broken:
        outcome = broken.run(HONEST)
    assert outcome.kind == "judge_error"
    assert "no_such_module" in outcome.detail
