"""`python -m app simulate`: flags, files, what it prints, and how it refuses."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.commands import simulate as command


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["simulate", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    status, out, err = run(capsys, *arguments, "--json")
    assert status == 0, err
    return json.loads(out)


KEYS = {
    "makespan",
    "bubble_over_ideal",
    "bubble_over_wall",
    "peak_live_micro_batches",
    "bytes_sent_per_rank",
    "timeline",
}


def test_a_schedule_by_its_flags(capsys: pytest.CaptureFixture[str]) -> None:
    flags = "--schedule 1f1b --stages 4 --micro-batches 8 --chunks 1 --forward 1"
    flags += " --backward-input 1 --backward-weight 1 --comm 0"
    found = as_json(capsys, *flags.split())
    assert set(found) >= KEYS
    assert (found["makespan"], found["bubble_over_ideal"]) == (33.0, 0.375)
    assert found["bubble_over_wall"] == pytest.approx(3 / 11)
    assert found["peak_live_micro_batches"] == [4, 3, 2, 1]
    assert len(found["timeline"]) == 64
    first = found["memory_over_time"][0]
    assert max(first["bytes"]) == found["peak_memory"][0] and first["time"][-1] == 33.0
    assert found["timeline"][0] == {
        "rank": 0,
        "stage": 0,
        "chunk": 0,
        "kind": "forward",
        "micro_batch": 0,
        "start": 0.0,
        "end": 1.0,
    }


@pytest.mark.parametrize(
    "schedule", ["gpipe", "1f1b", "interleaved", "zb-h1", "zb-h2", "zb-v", "looped-bfs"]
)
def test_every_schedule_runs_with_what_it_needs_by_default(
    schedule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = as_json(capsys, "--schedule", schedule)
    assert set(found) >= KEYS and len(found["peak_live_micro_batches"]) == 4
    kinds = {event["kind"] for event in found["timeline"]}
    split = {"forward", "backward_input", "backward_weight"}
    assert kinds == (split if schedule.startswith("zb") else {"forward", "backward"})
    assert max(event["end"] for event in found["timeline"]) == found["makespan"]


@pytest.mark.parametrize("parallel", ["dp", "zero", "tp", "sp", "ep", "plan", "collective", "pp"])
def test_every_kind_of_parallelism_answers_with_the_same_keys(
    parallel: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = as_json(capsys, "--parallel", parallel)
    wanted = KEYS if parallel != "collective" else {"makespan", "bytes_sent_per_rank", "timeline"}
    assert set(found) >= wanted
    assert found["makespan"] > 0
    assert found["bytes_sent_per_rank"]["total"] > 0
    status, out, err = run(capsys, "--parallel", parallel)
    assert status == 0 and out.strip() and not err


def test_the_feed_forward_grows_with_the_model_unless_it_is_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def weights(*flags: str) -> float:
        found = as_json(capsys, "--parallel", "tp", "--layers", "1", "--tp", "1", *flags)
        return float(found["memory_per_rank"]["weights"])

    assert weights("--hidden", "8192") == 2 * (4 * 8192**2 + 3 * 8192 * 22016)  # as LLaMA 65B
    assert weights("--hidden", "1024", "--gated", "no") == 2 * 12 * 1024**2


def test_zero_sends_one_and_a_half_times_what_data_parallelism_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = as_json(capsys, "--parallel", "dp", "--dp", "4")["bytes_sent_per_rank"]
    sharded = as_json(capsys, "--parallel", "zero", "--zero", "3", "--ranks", "4")
    assert plain == {"all_reduce": 21e9, "total": 21e9}
    assert sharded["bytes_sent_per_rank"]["total"] == pytest.approx(1.5 * 21e9)


def test_a_file_holds_the_same_settings_and_flags_win(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"schedule": "zb-h1", "stages": 4, "micro-batches": 12, "comm": 0.5}
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({**settings, "forward": [1, 1, 1.5, 1], "json": True}))
    from_file = as_json(capsys, "--input", str(file))
    flags = "--schedule zb-h1 --stages 4 --micro-batches 12 --comm 0.5 --forward 1,1,1.5,1"
    assert from_file == as_json(capsys, *flags.split())
    assert from_file["micro_batches"] == 12
    assert as_json(capsys, "--input", str(file), "--micro-batches", "6")["micro_batches"] == 6


def test_a_file_may_come_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"parallel": "tp", "tp": 4}'))
    assert as_json(capsys, "--input", "-")["parallel"] == "tp"


@pytest.mark.parametrize(
    ("flags", "plain"),
    [
        ("--schedule 1F1B --p 4 --m 8 --t_f 1 --t_b 2", "--schedule 1f1b --backward 2"),
        ("--n-stages 4 --num_micro_batches 8 --schedule ZB_H1 --tf 1 --tb 2 --tw 3",
         "--schedule zb-h1 --forward 1 --backward-input 2 --backward-weight 3"),
        ("--schedule Interleaved1F1B --v 3", "--schedule interleaved --chunks 3"),
        ("--schedule InterleavedZeroBubble --chunks 2", "--schedule zb-h1 --chunks 2"),
        ("--schedule ZBVZeroBubble --forward 1 1 2 1", "--schedule zb-v --forward 1,1,2,1"),
        ("--parallel tp --sp --hidden-size 8192", "--parallel tp --sequence-parallel yes "
         "--hidden 8192"),
        ("--parallel sp --tp 4", "--parallel sp --sp 4"),
        ("--parallel DDP --grads fp32 --params 13B", "--parallel dp --grad-bytes 4 --params 13e9"),
        ("--parallel collective --op all-reduce --algo double_tree --n 16",
         "--parallel collective --op all_reduce --algorithm double-tree --ranks 16"),
    ],
)  # fmt: skip
def test_other_names_and_spellings_mean_the_same(
    flags: str, plain: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = as_json(capsys, *plain.split())
    assert as_json(capsys, *flags.split()) == wanted


def test_a_file_may_use_the_names_of_papers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.json"
    case = {"schedule": "ZB-H1", "p": 8, "m": 24, "tF": 3, "tB": 2, "tW": 1, "T_comm": 0.5}
    file.write_text(json.dumps({**case, "chunks": None}))
    flags = "--schedule zb-h1 --stages 8 --micro-batches 24 --forward 3 --backward-input 2"
    wanted = as_json(capsys, *f"{flags} --backward-weight 1 --comm 0.5".split())
    assert as_json(capsys, "--input", str(file)) == wanted
    assert as_json(capsys, "--input", str(file), "--n-stages", "4")["stages"] == 4
    file.write_text(json.dumps({**case, "stages": 4}))
    status, _, err = run(capsys, "--input", str(file))
    assert status == 2 and "stages and p are one setting with two values" in err


def test_both_halves_of_the_backward_may_be_given_as_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = as_json(capsys, "--schedule", "zb-h1", "--backward", "3,3,5,3")
    halves = "--backward-input 1.5,1.5,2.5,1.5 --backward-weight 1.5,1.5,2.5,1.5"
    assert whole == as_json(capsys, "--schedule", "zb-h1", *halves.split())


def test_a_scaling_curve_reaches_thousands_of_gpus(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--parallel", "plan", "--dp", "2", "--tp", "8", "--pp", "4", "--gpus", "64,512,8192"]
    curve = as_json(capsys, *flags)["scaling"]
    assert [point["n_gpus"] for point in curve] == [64, 512, 8192]
    assert curve[0]["efficiency"] == 1
    _, text, _ = run(capsys, *flags)
    assert "8,192" in text


def test_a_long_timeline_is_left_out_and_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--json", "--timeline", "63")
    found = json.loads(out)
    assert status == 0 and found["timeline"] == [] and found["timeline_left_out"] == 64
    assert "64 operations and was left out; --timeline 64" in err
    assert len(json.loads(run(capsys, "--json", "--timeline", "64")[1])["timeline"]) == 64


def test_people_get_a_gantt_and_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = run(capsys, "--schedule", "1f1b", "--stages", "2", "--micro-batches", "3")
    first, second = out.splitlines()[:2]
    assert first == "rank 0   F0F1····B0──F2B1──··B2──"
    assert second == "rank 1   ··F0B0──F1B1──F2B2──····"
    assert "Bubble over ideal time:     33.33%" in out
    assert "(p−1)·(F+B+W) = 3; simulated 3." in out
    assert not err


@pytest.mark.parametrize(
    ("flags", "what_would_work"),
    [
        ("--stages 4 --micro-batches 3", "Use 4 or more micro-batches, at most 3 stages"),
        ("--schedule interleaved --stages 4 --micro-batches 6", "Use 4 or 8 micro-batches"),
        ("--stages 4 --layers 30", "30 layers cannot be shared .* Use 28 or 32 layers"),
        ("--schedule pipedream", "There are: gpipe, 1f1b"),
        ("--stages four", "--stages takes a number, not 'four'"),
        ("--stages 4.5", "--stages takes a whole number, not 4.5"),
        ("--stages nan", "--stages takes a number, not 'nan'"),
        ("--stages inf", "--stages takes a number, not 'inf'"),
        ("--schedule gpipe --stages 1e30", "at most 15,000,000 are simulated"),
        ("--parallel ep --ep 131072 --experts 131072", "use at most 2,048"),
        ("--parallel dp --layers 1000000", "use at most 50,000"),
        ("--parallel tp --gpus 3,5", "runs on none of these numbers of GPUs"),
        ("--forward 1,x", "--forward takes a number, not 'x'"),
        ("--parallel dp --params B", "--params takes a number, not 'B'"),
        ("--forward ,", "--forward is empty"),
        ("--comm -1", "expected one argument|comm is -1: it must be zero or more"),
        ("--comm=-1", "comm is -1: it must be zero or more"),
        ("--backward 2 --backward-input 1", "both halves together, or"),
        ("--parallel dp --chunks 2", "simulate --parallel dp does not use --chunks. It uses"),
        ("--parallel teleport", "one of pp, dp, zero, tp, sp, ep, plan, collective"),
        ("--parallel tp --tp 5", "Use 30 or 35 attention heads"),
        ("--parallel tp --tp 4 --ranks 8", "--tp 4 and --ranks 8 differ"),
        ("--parallel dp --dp 12", "Use 8 or 16 ranks"),
        ("--parallel dp --intra warp", "There are: nvlink-v100"),
        ("--parallel dp --intra 50:x", "--intra takes a number, not 'x'"),
        ("--parallel dp --overlap maybe", "--overlap is yes or no"),
        ("--parallel dp --gpus 8,0", "--gpus takes whole numbers of 1 or more"),
        ("--parallel zero --zero 5", "stages 0 .* to 3, not 5"),
        ("--parallel ep --imbalance 99", "between 1 .* and 8"),
        ("--parallel collective --op all_to_all --algorithm ring", "It has: direct, auto"),
        ("--input /no/such/file", "cannot read /no/such/file: No such file"),
    ],
)
def test_bad_input_is_refused_with_what_would_work(
    flags: str, what_would_work: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *flags.split())
    assert (status, out) == (2, "")
    assert re.search(what_would_work, err), err
    assert "Traceback" not in err


@pytest.mark.parametrize("text", ["{", "[1, 2]", "\xff", '{"stagess": 4}'])
def test_a_file_that_is_none_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(text.encode("latin-1"))
    status, _, err = run(capsys, "--input", str(file))
    assert status == 2
    assert re.search("is not JSON|no JSON object|does not use --stagess", err), err


def test_a_link_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    flags = "--parallel collective --algorithm ring --ranks 2 --bytes 1e9 --intra 100:10"
    found = as_json(capsys, *flags.split())
    assert found["makespan"] == pytest.approx(2 * (10e-6 + 0.5e9 / 100e9))


def test_help_names_every_option_once_and_the_keys_of_the_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, _ = run(capsys, "--help")
    assert status == 0
    names = [name for options in command.OPTIONS.values() for name, _, _ in options]
    assert len(names) == len(set(names))
    for name in [*names, "parallel", "input", "json", "timeline"]:
        assert f"--{name}" in out
    for key in KEYS:
        assert key in out


def test_every_option_is_used_by_some_kind_of_parallelism() -> None:
    from topics.labs.parallel.fields import Fields
    from topics.labs.parallel.request import KINDS_OF_PARALLELISM

    used = {"parallel"}
    for simulate in KINDS_OF_PARALLELISM.values():
        fields = Fields({})
        simulate(fields)
        used |= fields.asked
    names = {name.replace("-", "_") for group in command.OPTIONS.values() for name, _, _ in group}
    assert names | {"parallel"} == used
