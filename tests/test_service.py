"""The judge as a process of its own: it answers, survives, and is replaced when it dies."""

import os
import signal
import subprocess
import sys

import pytest

from drills.catalogue import get_drill
from verifiers.service import JudgeService

SPEC = get_drill("kv_cache_bytes").spec
RIGHT = get_drill("kv_cache_bytes").reference


@pytest.fixture(scope="module")
def service():
    with JudgeService() as service:
        yield service


def test_judges_and_tells_of_each_check(service):
    heard = []
    verdict = service.judge(SPEC, RIGHT, on_check=heard.append)
    assert verdict.passed
    assert tuple(heard) == verdict.checks


def test_takes_bytes_that_are_no_text(service):
    assert service.judge(SPEC, b"\xff\xfe").verdict == "syntax_error"
    assert service.judge(SPEC, "x = '\ud800'").verdict == "syntax_error"


def test_runs_the_example_alone(service):
    verdict = service.run_example(SPEC, RIGHT)
    assert len(verdict.checks) == 1
    assert "268435456" in verdict.checks[0].detail


def test_a_judge_that_was_killed_is_replaced(service):
    assert service.judge(SPEC, RIGHT).passed
    os.kill(service._process.pid, signal.SIGKILL)
    assert service.judge(SPEC, RIGHT).passed


def test_closing_leaves_no_process_and_a_later_submission_starts_a_new_one():
    service = JudgeService()
    assert service.judge(SPEC, RIGHT).passed
    process = service._process
    service.close()
    service.close()
    assert process.poll() is not None
    assert service.judge(SPEC, RIGHT).passed
    service.close()


def test_asking_through_the_service_imports_no_torch():
    code = (
        "import sys\nfrom drills.catalogue import all_drills\n"
        "import verifiers.service\nall_drills()\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
