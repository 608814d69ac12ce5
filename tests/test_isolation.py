"""What the product says about its sandbox on this machine, and on poorer ones."""

import subprocess
import sys
from pathlib import Path

import pytest

from verifiers import confine, isolation, syscalls


@pytest.fixture(autouse=True)
def look_afresh():
    """Forget what earlier looks at the machine found, before and after each test."""
    for cached in (isolation.isolation, confine.probe, syscalls.compiled):
        cached.cache_clear()
    yield
    for cached in (isolation.isolation, confine.probe, syscalls.compiled):
        cached.cache_clear()


def missing() -> set[str]:
    return {protection.name for protection in isolation.isolation().missing}


def test_this_machine_protects_fully():
    found = isolation.isolation()
    assert found.complete, found.summary
    assert "no network" in found.summary


def test_without_bwrap_it_says_what_a_submission_could_do(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert missing() == {"files", "network", "processes"}
    files = next(p for p in isolation.isolation().missing if p.name == "files")
    assert "can read and write every file" in files.sentence
    assert "apt install bubblewrap" in files.remedy
    assert "files, network, processes" in isolation.isolation().summary


def test_a_bwrap_that_does_not_work_counts_as_none(monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert missing() == {"files", "network", "processes"}
    assert "No permissions to create new namespace" in confine.why_not_bwrap()


def test_without_the_library_it_names_the_missing_filter(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    assert missing() == {"network", "system calls"}
    assert all("pyseccomp" in protection.remedy for protection in isolation.isolation().missing)
    assert syscalls.compiled() == b""


def test_on_another_system_only_limits_remain(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert missing() == {"files", "network", "processes", "system calls", "memory"}


def test_looking_imports_no_torch():
    program = "import sys; from verifiers.isolation import isolation; isolation(); " + (
        "print('torch' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert answer.stdout == "False\n"
