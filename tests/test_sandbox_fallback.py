"""Without bwrap: limits and, on Linux, the system-call filter still hold; files do not hide."""

from pathlib import Path

import pytest

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
