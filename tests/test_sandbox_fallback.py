"""Without bwrap: limits and, on Linux, the system-call filter still hold; files do not hide."""

import time
from pathlib import Path

import pytest

from verifiers import syscalls, watchdog
from verifiers.resident import Resident
from verifiers.sandbox import Job, Outcome, Sandbox

ENTRIES = Path(__file__).parent / "sandboxed"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(
        entry="plain_entry:main", warm_up=(), namespaces=False, extra_paths=(ENTRIES,)
    ) as shared:
        yield shared


def run(sandbox: Sandbox, source: str, **limits) -> Outcome:
    return sandbox.run(Job(source.encode(), **{"time_limit": 20.0, **limits}))


def test_an_honest_job_is_done(sandbox):
    outcome = run(sandbox, "print('hello'); send(b'x')")
    assert (outcome.kind, outcome.frames, outcome.printed) == ("done", (b"x",), "hello\n")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("while True: pass", "time_limit"),
        ("import os; os.kill(os.getpid(), 19)", "time_limit"),
        ("bytearray(4 << 30)", "memory_limit"),
        ("while True: print('x' * 1000)", "output_limit"),
        ("import os; os._exit(0)", "crashed"),
        ("import os; os.abort()", "crashed"),
        ("import os; os.kill(os.getpid(), 9)", "crashed"),
    ],
)
def test_limits_hold(sandbox, source, kind):
    assert run(sandbox, source, time_limit=0.5, memory_mib=256).kind == kind


@pytest.mark.parametrize(
    "call",
    [
        "os.kill(os.getppid(), 9)",
        "os.kill(os.getppid(), 19)",
        "os.kill(-1, 9)",
        "os.kill(0, 9)",
        "os.killpg(os.getpgid(os.getppid()), 9)",
        "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))",
        "fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())",  # then a full pipe could send SIGKILL
        "os.fork()",
        "socket.socket()",
    ],
)
def test_other_processes_and_the_network_stay_out_of_reach(sandbox, call):
    source = f"""
import fcntl, os, resource, socket
try: {call}
except PermissionError: send(b"refused")
"""
    before = sandbox._resident.pid if sandbox._resident else None
    assert run(sandbox, source).frames == (b"refused",)
    assert before in (None, sandbox._resident.pid)


# As on a system that has no filter either, and no /proc


@pytest.fixture(scope="module")
def poor():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(syscalls, "compiled", lambda namespaces: b"")
        patch.setattr(Resident, "_address_space", lambda self: 0)
        patch.setattr(watchdog, "Path", lambda path: Path("/nonexistent"))
        with Sandbox(
            entry="plain_entry:main", warm_up=(), namespaces=False, extra_paths=(ENTRIES,)
        ) as shared:
            yield shared


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("send(b'x')", "done"),
        ("while True: pass", "time_limit"),
        ("while True: print('x' * 1000)", "output_limit"),
        ("import os; os._exit(0)", "crashed"),
    ],
)
def test_time_and_output_are_limited_on_the_poorest_system(poor, source, kind):
    assert run(poor, source, time_limit=1.0).kind == kind


def test_what_a_job_started_ends_with_it_also_without_a_filter(poor):
    source = """
import os, time
pid = os.fork()
if pid == 0: time.sleep(1000)
send(str(pid).encode())
"""
    (pid,) = run(poor, source).frames
    while Path(f"/proc/{int(pid)}").exists():
        time.sleep(0.01)


def test_a_job_that_kills_the_resident_process_pays_for_it_alone(poor):
    outcome = run(poor, "import os; os.kill(os.getppid(), 9)")
    assert (outcome.kind, "took the resident process down" in outcome.detail) == ("crashed", True)
    assert run(poor, "send(b'x')").kind == "done"
