"""Published figures about schedules, communication and links, each with its own tolerance.

`ground_truth/published.json` holds the cases with their sources. Those of the kinds below are the
parallelism lab's; the others are the memory lab's. All but the links go through `simulate --json`,
so that what a person types is what is checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from topics.labs.parallel import get_link

Inputs = dict[str, Any]
Simulate = Callable[..., dict[str, Any]]
FILE = Path(__file__).parent / "ground_truth" / "published.json"
ONE_LAYER = ("--layers", 1, "--heads", 96, "--hidden", 12288, "--seq", 2048)


@pytest.fixture
def simulate(capsys: pytest.CaptureFixture[str]) -> Simulate:
    """Runs the command with these words; the object it prints."""

    def run(*words: object) -> dict[str, Any]:
        assert main(["simulate", *map(str, words), "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return run


def total(found: dict[str, Any]) -> float:
    return float(found["bytes_sent_per_rank"]["total"])


def comm_per_rank(case: str, given: Inputs, simulate: Simulate) -> float:
    words = ("--op", given["op"], "--algorithm", given["algo"], "--ranks", given["n"])
    return total(simulate("--parallel", "collective", *words, "--bytes", 2**20)) / 2**20


def comm_volume(case: str, given: Inputs, simulate: Simulate) -> float:
    if "zero_stage" in given:
        n, params, words = 64, 1e9, ("--parallel", "zero", "--zero", given["zero_stage"])
        sent = total(simulate(*words, "--dp", n, "--params", params, "--dtype-bytes", 2))
        return sent / (2 * params) * n / (n - 1)  # printed for many ranks
    sizes = ("--hidden", given["h"], "--heads", 96, "--seq", given["s"], "--batch", given["b"])
    words = ("--parallel", "tp", "--tp", given["t"], "--layers", 1)
    return total(simulate(*words, *sizes, "--dtype-bytes", given["dtype_bytes"]))


def comm_ratio(case: str, given: Inputs, simulate: Simulate) -> float:
    if case == "comm.ulysses_vs_megatron_sp":
        words = ("--parallel", "sp", "--sp", given["P"], "--sp-kind")
        ulysses, megatron = (total(simulate(*words, kind)) for kind in ("ulysses", "megatron"))
        return ulysses / megatron
    words = ("--dp", given["n"], "--parallel")
    return total(simulate(*words, "zero", "--zero", 3)) / total(simulate(*words, "dp"))


def comm_count(case: str, given: Inputs, simulate: Simulate) -> float:
    switches = [("--sequence-parallel", given.get("sp")), ("--fused-inputs", True)]
    words = [word for option, on in switches for word in (option, "yes" if on else "no")]
    timeline = simulate("--parallel", "tp", *ONE_LAYER, *words)["timeline"]
    return sum(work["lane"] == "communication" for work in timeline)


def bubble_over_ideal(case: str, given: Inputs, simulate: Simulate) -> float:
    words = [word for name in ("p", "m", "v") for word in (f"--{name}", given[name])]
    times = ("--forward", given["tF"], "--backward", given["tB"])
    return float(simulate("--schedule", given["schedule"], *words, *times)["bubble_over_ideal"])


def _zero_bubble(case: str, given: Inputs, simulate: Simulate) -> dict[str, Any]:
    """The schedule that ends the case's name, with enough micro-batches to fill it."""
    sizes = ("--stages", given["p"], "--micro-batches", 3 * given["p"])
    times = [word for name in ("t_f", "t_b", "t_w") for word in (f"--{name}", 1)]
    assert {given.get(name, 1) for name in ("tF", "tB", "tW")} == {1}
    return simulate("--schedule", case.rpartition(".")[2], *sizes, *times)


def bubble_formula(case: str, given: Inputs, simulate: Simulate) -> float:
    return float(_zero_bubble(case, given, simulate)["bubble_time"])


def peak_activation(case: str, given: Inputs, simulate: Simulate) -> float:
    if case == "dualpipe.activation":  # the stages sit in pairs on half as many ranks
        sizes = ("--stages", given["pp"] // 2, "--micro-batches", 3 * given["pp"])
        return float(max(simulate("--schedule", "dualpipe-v", *sizes)["peak_live_chunks"]))
    return float(max(_zero_bubble(case, given, simulate)["peak_live_micro_batches"]))


def activation_factor(case: str, given: Inputs, simulate: Simulate) -> float:
    """What interleaving holds over what 1F1B does; `m` counts the chunks."""
    sizes = ("--stages", given["p"], "--micro-batches", 3 * given["p"])
    held = simulate("--schedule", "interleaved", "--chunks", given["m"], *sizes)
    plain = simulate("--schedule", "1f1b", *sizes)
    return float(max(held["peak_live_micro_batches"]) / max(plain["peak_live_micro_batches"]))


def link_bw(case: str, given: Inputs, simulate: Simulate) -> float:
    assert given["direction"] == "uni"
    return get_link(f"nvlink-{given['gpu']}").bandwidth / 1e9


ANSWERS: dict[str, Callable[[str, Inputs, Simulate], float]] = {
    answer.__name__: answer
    for answer in (
        comm_per_rank,
        comm_volume,
        comm_ratio,
        comm_count,
        bubble_over_ideal,
        bubble_formula,
        peak_activation,
        activation_factor,
        link_bw,
    )
}
CASES = [case for case in json.loads(FILE.read_text()) if case["kind"] in ANSWERS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_lab_gives_the_published_figure(case: dict[str, Any], simulate: Simulate) -> None:
    found = ANSWERS[case["kind"]](case["id"], case["inputs"], simulate)
    assert found == pytest.approx(case["expected"], rel=case["rel_tol"] or 1e-12, abs=1e-12), (
        f"{case['unit']}, {case['source']}"
    )


def test_every_kind_has_its_cases() -> None:
    assert {case["kind"] for case in CASES} == set(ANSWERS)
    assert len(CASES) == 21
