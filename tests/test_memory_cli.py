"""`estimate` in the terminal: its flags, its file, its JSON, its messages."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from topics.labs.memory import all_presets
from topics.labs.memory.request import BY_KEY, EXTRA, setting_from


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["estimate", *arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    status, out, err = run(capsys, *arguments, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_json_has_the_keys_that_graders_read(capsys: pytest.CaptureFixture[str]):
    found = asked(capsys, "--model", "llama-2-7b", "--seq", "512")
    assert set(found["parameters"]) >= {"total", "active", "trainable"}
    kinds = {"weights", "gradients", "optimizer", "activations", "logits", "kv_cache",
             "temporary", "overhead", "total"}  # fmt: skip
    assert set(found["per_gpu_bytes"]) == kinds
    assert found["parameters"]["total"] == 6738415616
    assert found["per_gpu_bytes"]["weights"] == 2 * 6738415616
    assert found["kv_cache"]["bytes_per_token"] == 524288
    assert found["kv_cache"]["total"] == 524288 * 512
    assert found["flops"]["per_token"] > 0


def test_every_flag_of_the_issue_is_accepted(capsys: pytest.CaptureFixture[str]):
    line = (
        "--model mixtral-8x7b --mode train --method lora --rank 4 --targets q,v --weights bf16 "
        "--grads fp32 --master fp32 --optimizer adam --batch 2 --seq 512 --recompute selective "
        "--attention flash --activations fused --dp 4 --tp 2 --pp 2 --sp --ep 2 --zero 1 "
        "--kv-dtype bf16 --gpu H100-80GB --tokens 1e9"
    )
    found = asked(capsys, *line.split())
    assert found["gpus"] == 16
    assert found["setting"]["sp"] is True
    assert found["cost"]["card"] == "H100-SXM-80GB"


def test_a_file_says_the_same_as_flags(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    options = {"model": "llama-3-8b", "method": "lora", "rank": 16, "targets": ["q", "v"],
               "batch": 4, "kv-dtype": "fp8", "zero": "fsdp", "dp": 4}  # fmt: skip
    file = tmp_path / "setting.json"
    file.write_text(json.dumps(options))
    by_file = asked(capsys, "--input", str(file))
    flags = "--model llama-3-8b --method lora --rank 16 --targets q,v --batch 4 --kv-dtype fp8"
    assert by_file == asked(capsys, *flags.split(), "--zero", "3", "--dp", "4")


FILES = [
    (
        {"arch": "llama", "hidden": 4096, "layers": 32, "heads": 32, "ffn": 11008, "vocab": 32000,
         "mode": "inference", "dtype_bytes": 2, "kv_heads": 8, "seq_len": 4096},
        ("kv_cache", "total", 131072 * 4096),
    ),
    (
        {"params": 7.5e9, "dp": 64, "zero_stage": 1, "weight_bytes": 2, "grad_bytes": 2,
         "optim_bytes": 12},
        ("model_state_bytes", None, 7.5e9 * (4 + 12 / 64)),
    ),
    (
        {"model": "meta-llama/Llama-2-7b-hf", "r": 8, "target_modules": ["q_proj", "v_proj"]},
        ("parameters", "trainable", 4194304),
    ),
    (
        {"s": 2048, "b": 4, "h": 6144, "a": 64, "L": 48, "tp": 8, "sp": True, "dtype_bytes": 2,
         "recompute": "selective"},
        ("activations_per_layer", None, 213909504),
    ),
    (
        {"model": "gpt2", "gradient_checkpointing": True, "activations": "hf", "batch_size": 2,
         "seq_len": 512, "torch_dtype": "torch.bfloat16", "optim": "paged_adamw_8bit"},
        ("per_gpu_bytes", "activations", 12 * 2 * 2 * 512 * 768),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("options", "expected"), FILES)
def test_a_file_may_use_the_names_of_papers_and_trainers(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    options: dict[str, Any],
    expected: tuple[str, str | None, float],
):
    file = tmp_path / "setting.json"
    file.write_text(json.dumps(options))
    key, inner, value = expected
    found = asked(capsys, "--input", str(file))[key]
    assert (found[inner] if inner else found) == pytest.approx(value, rel=1e-12)


SAME = [
    ("--weights BF16", "--weights bf16"),
    ("--weights torch.float32", "--weights fp32"),
    ("--optimizer AdamW", "--optimizer adam"),
    ("--optimizer paged_adamw_8bit", "--optimizer adam8bit"),
    ("--attention flash_attention_2", "--attention flash"),
    ("--recompute true", "--recompute full"),
    ("--activations hf --dropout 0.0", "--activations huggingface --dropout no"),
    ("--dp 4 --zero stage3", "--dp 4 --zero 3"),
    ("--rank 4 --targets qv --method lora", "--method lora --rank 4 --targets q,v"),
    ("--rank 4 --targets all_linear", "--method lora --rank 4 --targets all-linear"),
    ("--mode serve", "--mode inference"),
]


@pytest.mark.parametrize(("spelled", "plain"), SAME)
def test_values_are_read_however_they_are_spelled(
    capsys: pytest.CaptureFixture[str], spelled: str, plain: str
):
    model = ["--model", "llama-2-7b", "--seq", "512"]
    assert asked(capsys, *model, *spelled.split()) == asked(capsys, *model, *plain.split())


@pytest.mark.parametrize("name", ["NVIDIA A100-SXM4-80GB", "a100_80gb", "A100 80GB"])
def test_a_card_is_found_however_it_is_spelled(capsys: pytest.CaptureFixture[str], name: str):
    assert asked(capsys, "--params", "7B", "--gpu", name)["cost"]["card"] == "A100-SXM-80GB"


def test_a_measured_speed_gives_days_without_a_card(capsys: pytest.CaptureFixture[str]):
    line = "--params 175B --tokens 300B --gpus 1024 --achieved-tflops 140 --recompute full"
    cost = asked(capsys, *line.split())["cost"]
    assert cost["days"] == pytest.approx(34, rel=0.02)  # Narayanan 2021, section 5.1
    assert "140 TFLOP/s a card" in run(capsys, *line.split())[1]


def test_flags_win_over_the_file(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    file = tmp_path / "setting.json"
    file.write_text('{"model": "llama-3-8b", "batch": 4}')
    assert asked(capsys, "--input", str(file), "--batch", "1")["setting"]["batch"] == 1


def test_a_file_may_hold_the_model_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    model = {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"model": model, "json": True})))
    status, out, _ = run(capsys, "--input", "-")
    assert status == 0
    assert json.loads(out)["parameters"]["total"] == 124439808


def test_a_config_json_is_a_model(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    config = {"model_type": "bert", "vocab_size": 30522, "hidden_size": 768,
              "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
              "max_position_embeddings": 512}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    for path in (tmp_path / "config.json", tmp_path):
        assert asked(capsys, "--model", str(path))["parameters"]["total"] == 109482240


def test_the_table_shows_each_amount_with_its_formula(capsys: pytest.CaptureFixture[str]):
    status, out, _ = run(capsys, "--params", "7B", "--gpu", "H100", "--tokens", "1T")
    assert status == 0
    assert "112.0 GB" in out
    assert "7B × (4 B + 2 × 4 B)" in out
    assert "does not fit" in out
    assert "1 GPU (" in out


def test_a_measured_step_time_shows_its_utilisation(capsys: pytest.CaptureFixture[str]):
    line = "--model megatron-22b --tp 8 --batch 4 --seq 2048 --gpu A100 --step-time 1.1"
    found = asked(capsys, *line.split(), "--recompute", "selective")
    assert found["flops"]["mfu"] == pytest.approx(0.415, rel=0.005)
    assert found["flops"]["hfu"] == pytest.approx(0.437, rel=0.005)


def test_solving_for_the_batch_returns_its_estimate(capsys: pytest.CaptureFixture[str]):
    line = "--model qwen2.5-0.5b --method lora --seq 512 --gpu RTX-3090 --solve batch"
    found = asked(capsys, *line.split())
    assert found["solve"]["answer"] == found["setting"]["batch"] > 1
    assert found["fit"]["fits"]


def test_solving_for_a_plan_prices_several_cards(capsys: pytest.CaptureFixture[str]):
    status, out, _ = run(capsys, "--model", "llama-3-8b", "--mode", "inference", "--solve", "plan")
    assert status == 0
    assert out.startswith("Cheapest: 1 × ")


def test_the_lists_show_presets_and_cards(capsys: pytest.CaptureFixture[str]):
    assert "llama-3.1-405b" in run(capsys, "--list")[1]
    assert "H100-SXM-80GB" in run(capsys, "--list-gpus")[1]
    assert asked(capsys, "--list")["presets"] == list(all_presets())


MISTAKES = [
    ("--model llama-3-9b", "near it: llama-3-8b"),
    ("--model nowhere.json", "cannot read nowhere.json"),
    ("--model llama-3-8b --batch two", "--batch: 'two'"),
    ("--model llama-3-8b --zero 7", "stages 0 to 3"),
    ("--model llama-3-8b --tp 2 --sp 4", "has as many ranks as --tp"),
    ("--model llama-3-8b --gpus 10 --tp 4", "no multiple of tp"),
    ("--model llama-3-8b --dp 4 --global-batch 6", "use a multiple of 4"),
    ("--model llama-3-8b --step-time 0.5", "needs a --gpu"),
    ("--model llama-3-8b --gpu H100 --step-time 1e-6", "times the peak"),
    ("--model llama-3-8b --weights bf17", "unknown dtype 'bf17'"),
    ("--input nowhere.json", "cannot read nowhere.json"),
    ("--model llama-3-8b --solve sped --gpu H100", "cannot solve for 'sped'"),
    ("", "give --params N"),
]


@pytest.mark.parametrize(("line", "message"), MISTAKES)
def test_a_mistake_gets_a_message_and_status_2(
    capsys: pytest.CaptureFixture[str], line: str, message: str
):
    status, out, err = run(capsys, *line.split())
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


TWICE = '{"model": "gpt2", "zero": 1, "zero_stage": 2}'
NEARLY = '{"hidden": 64, "layers": 2, "heads": 2, "recompte": "full"}'


@pytest.mark.parametrize(
    "text",
    [
        TWICE,
        NEARLY,
        '{"params": 7e9, "optim_bytes": [12]}',
        '{"params": 7e9, "weight_bytes": 3}',
        "[1]",
        "{",
        '{"modle": "gpt2"}',
        '{"model": 5}',
    ],
)
def test_a_bad_file_gets_a_message_and_status_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
):
    file = tmp_path / "setting.json"
    file.write_text(text)
    status, _, err = run(capsys, "--input", str(file))
    assert status == 2
    assert err
    assert "Traceback" not in err


def test_help_names_every_option_that_a_file_may_hold(capsys: pytest.CaptureFixture[str]):
    out = run(capsys, "--help")[1]
    for key in [*BY_KEY, *EXTRA]:
        assert f"--{key.replace('_', '-')}" in out


def test_sp_with_a_number_and_no_tensor_parallelism_cuts_sequences():
    setting = setting_from({"model": "llama-3-8b", "sp": 4})
    assert (setting.cp, setting.sp) == (4, False)
