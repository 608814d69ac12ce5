"""`doctor` says what this machine offers, and fails where something essential is broken."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from app import gpu, health
from app.__main__ import main
from app.store import Store
from verifiers.isolation import isolation

ROOT = Path(__file__).parent.parent


def test_doctor_finds_this_machine_able(capsys):
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    details = {finding["name"]: finding["detail"] for finding in found["findings"]}
    assert platform.python_version() in details["Python"]
    assert "torch 2.13.0" in details["packages"]
    assert "nothing recorded yet" in details["progress"]
    assert {f"sandbox: {one.name}" for one in isolation().protections} <= details.keys()


def test_doctor_reads_well_and_imports_nothing_slow():
    code = (
        "import sys; from app.__main__ import main; status = main(['doctor']); "
        "slow = {'torch', 'streamlit', 'transformers', 'sympy'} & set(sys.modules); "
        "sys.exit(f'imported {slow}' if slow else status)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert "✓ Python: " in result.stdout and "drills" in result.stdout


def test_a_damaged_database_is_broken(capsys, whetstone_home: Path):
    (whetstone_home / "progress.duckdb").write_text("scribble")
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "✗ progress: " in shown and "is damaged and was left as it is" in shown


def test_what_was_set_aside_is_mentioned(capsys, whetstone_home: Path):
    with Store.open() as store:
        store.record_event("seen")
    (whetstone_home / "spool" / "old.damaged").write_text("scribble")
    finding = health.database()
    assert (finding.state, "1 events" in finding.detail) == ("weaker", True)
    assert "Files with unreadable lines" in finding.remedy


@pytest.mark.parametrize(
    ("pins", "state", "words"),
    [
        ("duckdb==2.0.0  # progress", "ok", "all 1 as pinned"),
        ("duckdb==1.0.0", "weaker", "duckdb 2.0.0, not 1.0.0"),
        ("no-such-package==1.0", "broken", "missing: no-such-package"),
        ('no-such-package==1.0; sys_platform == "plan9"', "ok", "all 0"),
        ("# Tests and lint\nno-such-package==1.0", "ok", "all 0"),
    ],
)
def test_packages_are_compared_with_the_pins(pins: str, state: str, words: str):
    finding = health.packages(pins)
    assert (finding.state, words in finding.detail) == (state, True), finding


def test_every_requirement_that_is_needed_to_run_is_checked():
    pins = health.pinned(health.REQUIREMENTS.read_text().split(health.TESTS_BEGIN)[0])
    assert {"torch", "streamlit", "duckdb", "fsrs", "rich"} <= pins.keys()
    assert "pytest" not in pins


class Driver:
    """Answers as the CUDA driver does, for machines that have none."""

    def __init__(self, init: int) -> None:
        self.init = init

    def cuInit(self, flags: int) -> int:
        return self.init

    def cuDeviceGetCount(self, count) -> int:
        count._obj.value = 2
        return 0

    def cuDeviceGet(self, device, number: int) -> int:
        device._obj.value = 40 + number
        return 0

    def cuDeviceGetName(self, name, length: int, device) -> int:
        name.value = b"Card A" if device.value == 40 else b"Card B"
        return 0

    def cuDeviceTotalMem_v2(self, memory, device) -> int:
        memory._obj.value = 80 * 2**30
        return 0

    def cuDeviceGetAttribute(self, value, attribute: int, device) -> int:
        value._obj.value = {75: 9, 76: 0}[attribute]
        return 0


def test_the_gpus_of_a_driver_are_named(monkeypatch):
    monkeypatch.setattr(gpu, "_driver", lambda: Driver(0))
    assert gpu.gpus() == [gpu.Gpu(name, 80 * 2**30, (9, 0)) for name in ("Card A", "Card B")]
    finding = health.graphics()
    assert "Card A (80 GiB), Card B (80 GiB)" in finding.detail
    assert finding.state == ("weaker" if "+cpu" in health._torch_build() else "ok")


@pytest.mark.parametrize(
    ("init", "state", "words"),
    [(100, "ok", "none; every drill"), (3, "weaker", "cuInit returned error 3")],
)
def test_a_driver_without_a_gpu_or_without_an_answer(
    monkeypatch, init: int, state: str, words: str
):
    monkeypatch.setattr(gpu, "_driver", lambda: Driver(init))
    finding = health.graphics()
    assert (finding.state, words in finding.detail) == (state, True), finding


def test_a_machine_without_a_driver_has_no_gpu(monkeypatch):
    monkeypatch.setattr(gpu, "LIBRARIES", ("libnosuchdriver.so",))
    assert gpu.gpus() == []


def test_the_build_of_torch_is_read_without_importing_it():
    assert health._torch_build().startswith("2.13.0")


def test_judging_a_known_solution_is_offered():
    finding = health.judging()
    assert finding.state == "ok", finding
    assert "judged" in finding.detail
