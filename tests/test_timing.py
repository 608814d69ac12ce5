"""Timing a solution: in the sandbox, in turns with the reference and the library."""

from __future__ import annotations

import time

import pytest
import torch
from engine import make_drill

from app.commands.time import summary
from drills.catalogue import all_drills
from verifiers.judge import Judge
from verifiers.timing import CannotTime, Times, Timing, measure, time_submission

REFERENCE = "import time\ndef solve(x):\n    time.sleep(0.02)\n    return x\n"
TIMING = """
def inputs(draw):
    return (draw.normal(3),)

def library(x):
    return x
"""


@pytest.fixture
def slow(tmp_path):
    spec = make_drill(tmp_path / "slow", checks="", reference=REFERENCE)
    spec.timing_path.write_text(TIMING)
    return spec


def test_a_slower_solution_takes_longer_than_reference_and_library(slow):
    timing = time_submission(slow, REFERENCE.replace("0.02", "0.2"))
    assert timing.library
    assert timing.submission.median_ms >= 200  # it sleeps so long, whatever the machine
    assert timing.reference.median_ms >= 20
    assert timing.submission.runs >= 15
    assert timing.to_reference == timing.submission.median_ms / timing.reference.median_ms
    assert "times as long" in summary(timing)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def solve(x):\n    raise KeyError('no such thing')", "no such thing"),
        ("import os\nos._exit(0)", "exited with status 0"),
        (
            "import verifiers.timing\nverifiers.timing.measure = lambda *a: []\n" + REFERENCE,
            "its end",
        ),
    ],
)
def test_a_solution_that_fails_is_not_timed(slow, source, said):
    with pytest.raises(CannotTime, match=said):
        time_submission(slow, source)


def test_a_drill_without_inputs_to_time_says_so(tmp_path):
    spec = make_drill(tmp_path / "quick", checks="", reference=REFERENCE)
    with pytest.raises(CannotTime, match=r"quick has no timing\.py"):
        time_submission(spec, REFERENCE)


def test_warm_up_is_not_counted():
    calls: list[float] = []

    def slow_at_first() -> None:
        calls.append(0)
        if len(calls) <= 3:
            time.sleep(0.5)

    assert max(measure(slow_at_first, "cpu")) < 500


def test_drills_can_be_timed_with_a_library_kernel():
    timed = [drill.id for drill in all_drills().values() if drill.spec.timing_path.exists()]
    assert {"layer_norm", "scaled_dot_product_attention", "softmax_temperature"} <= set(timed)


def test_without_a_library_kernel_only_the_reference_is_compared():
    times = Times(2.0, 1.0, 3.0, 9)
    timing = Timing("rope", "cpu", times, Times(1.0, 1.0, 1.0, 9), None)
    assert (timing.to_reference, timing.to_library) == (2.0, None)
    assert "library" not in summary(timing)


def test_each_device_has_a_sandbox_of_its_own():
    with Judge() as judge:
        assert judge.sandbox_for("cpu") is judge.sandbox
        gpu = judge.sandbox_for("cuda")
        assert gpu is judge.sandbox_for("cuda") is not judge.sandbox
        assert gpu._settings.cuda and not judge.sandbox._settings.cuda


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("drill_id", ["layer_norm", "softmax_temperature"])
def test_on_cuda_solutions_are_judged_and_timed(drill_id):
    drill = all_drills()[drill_id]
    with Judge() as judge:
        verdict = judge.judge(drill.spec, drill.reference, device="cuda")
    assert verdict.passed, verdict.message
    timing = time_submission(drill.spec, drill.reference, "cuda")
    assert 0.5 < timing.to_reference < 2
