"""Published figures about schedules, communication and links, each with its own tolerance.

`ground_truth/published.json` holds the cases with their sources. Those of the kinds below are the
parallelism lab's; the others are the memory lab's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from topics.labs.parallel import (
    LayerShape,
    PipelineResult,
    PipelineSettings,
    SequenceParallelSettings,
    TensorParallelSettings,
    bytes_per_layer,
    calls_per_layer,
    collective_cost,
    flat,
    get_link,
    get_schedule,
    simulate_data_parallel,
    simulate_pipeline,
    volume_per_parameter,
)
from topics.labs.parallel.data_parallel import DataParallelSettings
from topics.labs.parallel.sequence_parallel import forward_elements_per_rank

Inputs = dict[str, Any]
FILE = Path(__file__).parent / "ground_truth" / "published.json"
NVLINK = get_link("nvlink-h100")


def comm_per_rank(case: str, given: Inputs) -> float:
    return collective_cost(given["op"], 1.0, flat(given["n"], NVLINK), given["algo"]).bytes_sent


def comm_volume(case: str, given: Inputs) -> float:
    if "zero_stage" in given:
        return volume_per_parameter(given["zero_stage"])
    layer = LayerShape(
        given["h"], 96, 96, 4 * given["h"], False, 1, given["s"], micro_batch=given["b"]
    )
    return bytes_per_layer(
        TensorParallelSettings(flat(given["t"], NVLINK), layer, given["dtype_bytes"])
    )


def comm_ratio(case: str, given: Inputs) -> float:
    if case == "comm.ulysses_vs_megatron_sp":
        topology = flat(given["P"], NVLINK)
        ulysses, megatron = (
            forward_elements_per_rank(SequenceParallelSettings(topology, kind=kind))
            for kind in ("ulysses", "megatron")
        )
        return ulysses / megatron
    sharded, plain = (
        simulate_data_parallel(DataParallelSettings(flat(given["n"], NVLINK), zero_stage=stage))
        for stage in (3, 0)
    )
    return sharded.total_bytes_sent / plain.total_bytes_sent


def comm_count(case: str, given: Inputs) -> float:
    settings = TensorParallelSettings(
        sequence_parallel=given.get("sp", False), fused_inputs=given.get("fused_input", True)
    )
    return len(calls_per_layer(settings))


def bubble_over_ideal(case: str, given: Inputs) -> float:
    name = get_schedule(given["schedule"]).name
    half = given["tB"] / 2
    settings = PipelineSettings(name, given["p"], given["m"], given["v"], given["tF"], half, half)
    return simulate_pipeline(settings).bubble_over_ideal


def _zero_bubble(case: str, given: Inputs) -> PipelineResult:
    """The schedule that ends the case's name, with enough micro-batches to fill it."""
    name = get_schedule(case.rpartition(".")[2]).name
    times = [given.get(time, 1) for time in ("tF", "tB", "tW")]
    return simulate_pipeline(PipelineSettings(name, given["p"], 3 * given["p"], None, *times))


def bubble_formula(case: str, given: Inputs) -> float:
    result = _zero_bubble(case, given)
    return result.step_time - result.ideal


def peak_activation(case: str, given: Inputs) -> float:
    if case == "dualpipe.activation":  # the stages sit in pairs on half as many ranks
        settings = PipelineSettings("dualpipe-v", given["pp"] // 2, 3 * given["pp"])
        return float(simulate_pipeline(settings).peak_live_chunks.max())
    return float(_zero_bubble(case, given).peak_live_micro_batches.max())


def link_bw(case: str, given: Inputs) -> float:
    assert given["direction"] == "uni"
    return get_link(f"nvlink-{given['gpu']}").bandwidth / 1e9


ANSWERS: dict[str, Callable[[str, Inputs], float]] = {
    answer.__name__: answer
    for answer in (
        comm_per_rank,
        comm_volume,
        comm_ratio,
        comm_count,
        bubble_over_ideal,
        bubble_formula,
        peak_activation,
        link_bw,
    )
}
CASES = [case for case in json.loads(FILE.read_text()) if case["kind"] in ANSWERS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_lab_gives_the_published_figure(case: dict[str, Any]) -> None:
    found = ANSWERS[case["kind"]](case["id"], case["inputs"])
    assert found == pytest.approx(case["expected"], rel=case["rel_tol"] or 1e-12, abs=1e-12), (
        f"{case['unit']}, {case['source']}"
    )


def test_every_kind_has_its_cases() -> None:
    assert {case["kind"] for case in CASES} == set(ANSWERS)
    assert len(CASES) == 20
