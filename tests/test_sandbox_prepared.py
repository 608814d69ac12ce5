"""Children that are prepared ahead, as CUDA needs, and what the sandbox shows a GPU's driver.

No GPU is needed: another preparation stands in for a CUDA context.
"""

from pathlib import Path

import pytest

from verifiers import confine, gpu
from verifiers.sandbox import Job, Outcome, Sandbox

ENTRIES = Path(__file__).parent / "sandboxed"


def prepared_by(name: str, workers: int = 1) -> Sandbox:
    return Sandbox(
        entry="plain_entry:main",
        prepare=f"plain_entry:{name}",
        workers=workers,
        warm_up=(),
        extra_paths=(ENTRIES,),
    )


@pytest.fixture(scope="module")
def sandbox():
    with prepared_by("prepare") as shared:
        yield shared


def run(sandbox: Sandbox, source: str, **limits) -> Outcome:
    return sandbox.run(Job(source.encode(), **{"time_limit": 20.0, **limits}))


def test_a_child_is_prepared_and_told_its_memory_before_its_job(sandbox):
    outcome = run(sandbox, "send(repr(STATE).encode())", memory_mib=3)
    assert outcome.kind == "done", outcome.printed
    assert outcome.frames == (b"['prepared', 'may use 3145728']",)


def test_every_job_gets_a_child_of_its_own(sandbox):
    source = "send(str(len(STATE)).encode()); STATE.append('left behind')"
    assert [run(sandbox, source).frames for _ in range(4)] == [(b"2",)] * 4


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("while True: pass", "time_limit"),
        ("import os; os._exit(0)", "crashed"),
        ("while True: print('x' * 1000)", "output_limit"),
    ],
)
def test_jobs_end_as_they_do_in_other_children(sandbox, source, kind):
    assert run(sandbox, source, time_limit=0.5).kind == kind
    assert run(sandbox, "send(b'right')").frames == (b"right",)


def test_a_watchdog_ends_a_job_that_takes_too_much_memory(sandbox):
    source = "kept = []\nwhile True: kept.append(b'x' * (1 << 20))"
    outcome = run(sandbox, source, memory_mib=200)
    assert (outcome.kind, outcome.detail) == ("memory_limit", "needed more than 200 MiB")


def test_reserved_addresses_do_not_count_as_memory(sandbox):
    source = "import mmap; m = mmap.mmap(-1, 64 << 30, flags=mmap.MAP_PRIVATE | 0x4000 | 0x20)"
    assert run(sandbox, source, memory_mib=100).kind == "done"


def test_the_time_of_preparing_is_not_the_jobs():
    with prepared_by("prepare_slowly") as sandbox:
        outcome = run(sandbox, "send(b'right')", time_limit=1.0)
    assert outcome.frames == (b"right",)
    assert outcome.cpu_ms < 1000


def test_the_filter_covers_threads_that_were_started_while_preparing():
    source = """
import plain_entry, time
plain_entry.GO.set()
while not plain_entry.ANSWER: time.sleep(0.01)
send(plain_entry.ANSWER[0].encode())
"""
    with prepared_by("prepare_a_thread") as sandbox:
        assert run(sandbox, source).frames == (b"refused",)


def test_several_prepared_children_serve_several_jobs():
    with prepared_by("prepare", workers=2) as sandbox:
        outcomes = [run(sandbox, f"send(b'{number}')") for number in range(6)]
    assert [outcome.frames for outcome in outcomes] == [(b"%d" % n,) for n in range(6)]


def test_children_that_cannot_be_prepared_are_the_judges_fault_and_say_why():
    with prepared_by("fail_to_prepare") as sandbox:
        outcome = run(sandbox, "send(b'x')")
    assert outcome.kind == "judge_error"
    assert "no kernel image is available" in outcome.detail
    assert "children cannot be prepared" in outcome.detail


def test_a_child_that_fails_before_its_job_begins_is_the_judges_fault():
    with prepared_by("fail_before_the_job") as sandbox:
        outcome = run(sandbox, "send(b'x')")
    assert outcome.kind == "judge_error"
    assert "lock a child down: OSError: no memory to give" in outcome.detail


# What a GPU's driver needs


def test_the_drivers_own_files_tell_which_cards_there_are(tmp_path):
    card = tmp_path / "gpus" / "0000:01:00.0"
    card.mkdir(parents=True)
    (card / "information").write_text("Model: \t NVIDIA H100 80GB HBM3\nIRQ:   \t 42\n")
    (tmp_path / "version").write_text("NVRM version: NVIDIA UNIX x86_64  570.86.10  Sat Jan\n")
    found = gpu.found(tmp_path)
    assert found == gpu.Gpus(("NVIDIA H100 80GB HBM3",), "570.86.10")
    assert found.sentence == "NVIDIA H100 80GB HBM3 (driver 570.86.10)."
    assert "No NVIDIA GPU" in gpu.found(tmp_path / "nothing").sentence


def test_device_nodes_are_bound_with_device_access_only_for_cuda(monkeypatch, tmp_path):
    for name in ("nvidia0", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    nodes = gpu.device_nodes(tmp_path)
    assert [node.name for node in nodes] == ["nvidia-uvm", "nvidia0", "nvidiactl"]
    monkeypatch.setattr(gpu, "device_nodes", lambda: nodes)
    with_gpu, without = confine.bwrap_command(cuda=True), confine.bwrap_command()
    for node in nodes:
        assert with_gpu[with_gpu.index(str(node)) - 1] == "--dev-bind"
        assert str(node) not in without
    assert "/proc" in with_gpu[with_gpu.index("--proc") :]
    assert "--proc" not in without


def test_which_cards_to_use_is_passed_on_and_nothing_else_of_the_users(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    assert confine.environment(cuda=True)["CUDA_VISIBLE_DEVICES"] == "1"
    assert "CUDA_VISIBLE_DEVICES" not in confine.environment()
    assert "SECRET_TOKEN" not in confine.environment(cuda=True)
