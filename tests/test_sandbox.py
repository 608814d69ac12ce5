"""The sandbox with real processes: how jobs end, and what they may touch."""

import socket
import threading
import time
from pathlib import Path

import pytest

from verifiers import syscalls
from verifiers.sandbox import Job, Outcome, Sandbox

ENTRIES = Path(__file__).parent / "sandboxed"
HONEST = "send(b'right')"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(entry="plain_entry:main", workers=2, extra_paths=(ENTRIES,)) as shared:
        yield shared


def run(sandbox: Sandbox, source: str, **limits) -> Outcome:
    return sandbox.run(Job(source.encode(), **{"time_limit": 20.0, **limits}))


def resident_pid(sandbox: Sandbox) -> int:
    sandbox.start()
    return sandbox._resident.pid


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


# How a job ends


def test_a_job_that_returns_is_done_and_its_frames_come_in_order(sandbox):
    outcome = run(sandbox, "print('hello'); send(b'one'); send(b''); send(b'two' * 100_000)")
    assert (outcome.kind, outcome.detail) == ("done", "")
    assert outcome.frames == (b"one", b"", b"two" * 100_000)
    assert outcome.printed == "hello\n"


def test_frames_arrive_while_the_child_still_runs(sandbox):
    class Seen(Exception):
        pass

    def on_frame(body: bytes) -> None:
        raise Seen(body)

    endless = Job(b"send(b'first')\nwhile True: pass", time_limit=120.0)
    with pytest.raises(Seen, match="first"):
        sandbox.run(endless, on_frame)
    assert run(sandbox, HONEST).frames == (b"right",)


def test_a_payload_of_many_megabytes_arrives_whole():
    with Sandbox(entry="plain_entry:length", warm_up=(), extra_paths=(ENTRIES,)) as sandbox:
        outcome = sandbox.run(Job(bytes(30 << 20) + b"last", time_limit=20.0))
    assert outcome.frames == (str((30 << 20) + 4).encode(), b"last")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os; os._exit(0)", "status 0 before its code returned"),
        ("import os; os._exit(3)", "status 3"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("import os; os.abort()", "SIGABRT|os.abort"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL|signal that it sent itself"),
        ("raise SystemExit(0)", "an exception ended it"),
        ("1 / 0", "an exception ended it"),
        ("import os; os.write(4, b'rubbish that is no frame')", "pipe that carries its results"),
    ],
)
def test_a_process_that_ends_early_crashed_and_says_how(sandbox, source, said):
    outcome = run(sandbox, source)
    assert outcome.kind == "crashed"
    assert any(part in outcome.detail for part in said.split("|"))


@pytest.mark.parametrize(
    "source",
    [
        "import time; time.sleep(1000)",
        "while True: pass",
        "sum(range(10**15))",
        "import signal\nfor n in range(1, 32):\n  try: signal.signal(n, signal.SIG_IGN)\n"
        "  except OSError: pass\nwhile True: pass",
    ],
)
def test_a_job_that_does_not_end_meets_its_time_limit(sandbox, source):
    outcome = run(sandbox, f"send(b'begun')\n{source}", time_limit=0.4)
    assert outcome.kind == "time_limit"
    assert outcome.frames == (b"begun",)
    assert "0.4 seconds" in outcome.detail


def test_the_deadline_holds_after_the_last_result_has_arrived(sandbox):
    """A forged end of the results, with the right nonce, must not buy time."""
    source = """
import sys, os, struct, time
frame = sys._getframe()
while frame:
    if "header" in frame.f_locals: nonce = frame.f_locals["header"].nonce
    frame = frame.f_back
os.write(4, struct.pack("<IB", 16, 1) + nonce)
time.sleep(1000)
"""
    assert run(sandbox, source, time_limit=0.5).kind == "time_limit"


def test_cpu_time_is_limited_while_the_clock_stands_still(sandbox):
    """Time that the judge takes to look at a result is not the child's; its CPU time still is."""
    pid = resident_pid(sandbox)

    def wait_until_the_child_is_gone(body: bytes) -> None:
        while children_of(pid):
            time.sleep(0.01)

    job = Job(b"send(b'x')\nwhile True: pass", time_limit=0.5)
    outcome = sandbox.run(job, wait_until_the_child_is_gone)
    assert outcome.kind == "time_limit"
    assert "CPU time" in outcome.detail


@pytest.mark.parametrize(
    "source",
    [
        "bytearray(4 << 30)",
        "import numpy; numpy.ones(1 << 29)",
        "import torch; torch.ones(1 << 30)",
        "[0] * (1 << 29)",
        "import mmap; mmap.mmap(-1, 4 << 30)",
        "import mmap\nkept = [mmap.mmap(-1, 256 << 20, mmap.MAP_SHARED) for _ in range(8)]",
        "text = 'x' * 1000\nwhile True: text += text",
    ],
)
def test_memory_beyond_the_limit_is_refused_by_every_route(sandbox, source):
    outcome = run(sandbox, source, memory_mib=512)
    assert (outcome.kind, outcome.detail) == ("memory_limit", "needed more than 512 MiB")


def test_memory_within_the_limit_is_granted(sandbox):
    assert run(sandbox, "bytearray(400 << 20); send(b'x')", memory_mib=512).kind == "done"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_printing_without_end_is_stopped_and_its_head_kept(sandbox, stream):
    source = f"import sys\nn = 0\nwhile True: print(n, file=sys.{stream}); n += 1"
    outcome = run(sandbox, source, output_bytes=5000)
    assert outcome.kind == "output_limit"
    assert outcome.printed.startswith("0\n1\n2\n")
    assert len(outcome.printed) == 5000


def test_results_without_end_are_stopped(sandbox):
    many = run(sandbox, "while True: send(b'x')", max_frames=50)
    assert (many.kind, len(many.frames)) == ("output_limit", 50)
    large = run(sandbox, "send(b'a'); send(bytes(1 << 20))", frame_bytes=1 << 16)
    assert (large.kind, large.frames) == ("output_limit", (b"a",))


def test_what_was_printed_before_a_crash_is_kept(sandbox):
    outcome = run(sandbox, "print('so far so good'); import ctypes; ctypes.string_at(0)")
    assert outcome.printed == "so far so good\n"


def test_control_sequences_do_not_reach_the_learner(sandbox):
    outcome = run(sandbox, r"print('\x1b[2J\x1b[31mred\x07\x00\r\nplain \u202etxet')")
    assert outcome.printed == "red\nplain txet\n"


def test_threads_and_exit_handlers_do_not_outlive_the_answer(sandbox):
    source = """
import atexit, threading, time
atexit.register(time.sleep, 1000)
threading.Thread(target=time.sleep, args=(1000,)).start()
send(b'right')
"""
    assert run(sandbox, source).kind == "done"


# What a job may touch


def test_the_view_holds_the_interpreter_and_the_packages_and_nothing_else(sandbox):
    source = """
import os
send(",".join(sorted(os.listdir("/whetstone/packages"))).encode())
hidden = ["/etc/passwd", "/home", "/proc/1", "/proc/self", "/work", "/var", "/run", "/mnt"]
send(repr([path for path in hidden if os.path.exists(path)]).encode())
send(repr(sorted(os.listdir("/dev"))).encode())
send(repr(sorted(set(os.environ) - {"LC_CTYPE"})).encode())
"""
    packages, hidden, devices, environment = (f.decode() for f in run(sandbox, source).frames)
    assert {"torch", "numpy", "safetensors", "jaxtyping"} <= set(packages.split(","))
    assert not {"transformers", "peft", "streamlit", "duckdb"} & set(packages.split(","))
    assert hidden == "[]"
    assert devices == "['null', 'random', 'urandom', 'zero']"
    assert "WHETSTONE_HOME" not in environment
    assert "'PATH'" in environment


def test_packages_installed_beside_the_interpreter_stay_hidden(sandbox):
    source = """
import os, sysconfig
folder = os.path.join(sysconfig.get_path("stdlib"), "site-packages")
send(repr(os.listdir(folder) if os.path.exists(folder) else []).encode())
"""
    assert run(sandbox, source).frames == (b"[]",)


@pytest.mark.parametrize(
    "path",
    ["/x", "/dev/x", "/whetstone/verifiers/x.py", "/whetstone/packages/torch/x.py", "/root/x"],
)
def test_nothing_but_scratch_can_be_written(sandbox, path):
    source = f"""
try: open({path!r}, "w")
except OSError as error: send(type(error).__name__.encode())
"""
    assert run(sandbox, source).frames[0] in (b"OSError", b"PermissionError", b"FileNotFoundError")


def test_scratch_is_empty_for_every_job(sandbox):
    source = "import os; send(repr(os.listdir('/tmp')).encode()); open('note', 'w').write('x')"
    assert [run(sandbox, source).frames for _ in range(3)] == [(b"[]",)] * 3


@pytest.mark.parametrize("family", ["INET", "INET6", "UNIX", "VSOCK", "NETLINK", "PACKET", "ALG"])
def test_no_socket_of_any_family_can_be_made(sandbox, family):
    number = int(getattr(socket, f"AF_{family}"))
    source = f"""
import socket
try: socket.socket({number}, socket.SOCK_DGRAM)
except PermissionError: send(b"refused")
"""
    assert run(sandbox, source).frames == (b"refused",)


@pytest.mark.parametrize(
    "call",
    [
        "os.fork()",
        "os.execv(sys.executable, ['python'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "subprocess.run(['true'])",
        "os.memfd_create('x')",
        "os.pidfd_open(1)",
        "os.chroot('/tmp')",
        "os.setsid()",
        "os.setresuid(0, 0, 0)",
        "resource.prlimit(1, resource.RLIMIT_NOFILE, (1, 1))",
        "fcntl.fcntl(0, fcntl.F_SETOWN, 1)",
    ],
)
def test_calls_that_no_solution_needs_are_refused(sandbox, call):
    source = f"""
import fcntl, os, resource, subprocess, sys
try: {call}
except PermissionError: send(b"refused")
"""
    assert run(sandbox, source).frames == (b"refused",)


def test_calls_are_refused_by_number_also_where_the_library_is_too_old_to_name_them(sandbox):
    source = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for number in {sorted(syscalls.NUMBERS.values())}:
    assert libc.syscall(number, -1, 0, 0, 0, 0, 0) == -1
    assert ctypes.get_errno() in (1, 38), (number, ctypes.get_errno())  # EPERM, or ENOSYS
send(b"refused")
"""
    outcome = run(sandbox, source)
    assert outcome.frames == (b"refused",), outcome.printed


def test_limits_cannot_be_raised_and_capabilities_are_gone(sandbox):
    source = """
import ctypes, resource
for name in ("AS", "CPU", "NOFILE", "FSIZE", "CORE"):
    kind = getattr(resource, "RLIMIT_" + name)
    soft, hard = resource.getrlimit(kind)
    assert soft == hard != resource.RLIM_INFINITY, name
    try: resource.setrlimit(kind, (hard + 1, hard + 1))
    except (ValueError, PermissionError): continue
    raise AssertionError(name)
libc = ctypes.CDLL(None)
assert libc.prctl(39, 0, 0, 0, 0) == 1  # PR_GET_NO_NEW_PRIVS
assert libc.prctl(3, 0, 0, 0, 0) == 0  # PR_GET_DUMPABLE
assert not any(libc.prctl(23, number, 0, 0, 0) > 0 for number in range(41))  # PR_CAPBSET_READ
header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert libc.capget(header, data) == 0 and not any(data)
send(b"locked")
"""
    outcome = run(sandbox, source)
    assert outcome.frames == (b"locked",), outcome.printed


def test_the_child_holds_only_its_own_pipes(sandbox):
    source = """
import os
def is_open(fd):
    try: os.fstat(fd)
    except OSError: return False
    return True
send(repr([fd for fd in range(4096) if is_open(fd)]).encode())
"""
    assert run(sandbox, source).frames == (b"[0, 1, 2, 4]",)


def test_threads_work_before_and_after_raising_their_number(sandbox):
    source = """
import torch
torch.set_num_threads(2)
x = torch.ones(400, 400, requires_grad=True)
(x @ x).sum().backward()
send(str(float(x.grad[0, 0])).encode())
"""
    assert run(sandbox, source).frames == (b"800.0",)


def test_every_child_draws_its_own_random_numbers(sandbox):
    source = """
import random, numpy, torch
send(f"{random.random()} {numpy.random.rand()} {torch.rand(()).item()}".encode())
"""
    draws = [run(sandbox, source).frames[0].split() for _ in range(3)]
    for column in zip(*draws, strict=True):
        assert len(set(column)) == 3


# What survives a job


def test_no_process_is_left_when_a_job_has_ended(sandbox):
    for source in (HONEST, "while True: pass", "import os; os._exit(0)"):
        run(sandbox, source, time_limit=0.3)
        assert children_of(resident_pid(sandbox)) == []


def test_jobs_run_at_once_and_each_gets_its_own_answer(sandbox):
    meeting = threading.Barrier(2, timeout=60)
    answers: dict[int, Outcome] = {}

    def work(number: int) -> None:
        source = f"send(b'here')\nsend(b'{number}' * 1000)"
        wait = [meeting.wait]  # once: both jobs must be running
        job = Job(source.encode(), time_limit=60.0)
        answers[number] = sandbox.run(job, lambda body: wait.pop()() if wait else None)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: answers[n].frames[1] for n in answers} == {n: b"%d" % n * 1000 for n in range(6)}
