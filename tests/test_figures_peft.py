"""The PEFT lesson's figures and numbers, against peft, torch and published tables."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from topics import catalogue
from topics.memory.models import MODELS, ModelShape
from topics.peft.example import losses, matrix, truncation_errors
from topics.peft.lora import (
    TARGETS,
    fit_update,
    initial_factors,
    scale_of,
    trainable_by_matrix,
    trainable_parameters,
    wanted_update,
)
from topics.peft.nf4 import LEVELS, bits_per_weight, nf4_levels, quantize, relative_error
from topics.peft.train_example import ByteModel, linears

LESSON = (catalogue.ROOT / "peft" / "lesson.md").read_text(encoding="utf-8")
LLAMA2, LLAMA3 = MODELS["Llama 2 7B"], MODELS["Llama 3 8B"]

# QLoRA, appendix E.
PUBLISHED_NF4 = """
-1.0 -0.6961928009986877 -0.5250730514526367 -0.39491748809814453 -0.28444138169288635
-0.18477343022823334 -0.09105003625154495 0.0 0.07958029955625534 0.16093020141124725
0.24611230194568634 0.33791524171829224 0.44070982933044434 0.5626170039176941
0.7229568362236023 1.0
"""


def peft_trains(model: ModelShape, **settings: object) -> int:
    """What the peft library would train on this model, built without memory."""
    from peft import get_peft_config, get_peft_model
    from transformers import AutoModelForCausalLM, LlamaConfig

    config = LlamaConfig(
        vocab_size=model.vocab,
        hidden_size=model.hidden,
        intermediate_size=model.ffn,
        num_hidden_layers=model.n_layers,
        num_attention_heads=model.n_heads,
        num_key_value_heads=model.n_kv_heads,
    )
    with torch.device("meta"):
        base = AutoModelForCausalLM.from_config(config)
        wrapped = get_peft_model(base, get_peft_config({"task_type": "CAUSAL_LM", **settings}))
    return sum(p.numel() for p in wrapped.parameters() if p.requires_grad)


peft_warns = pytest.mark.filterwarnings("ignore::FutureWarning")


@peft_warns
@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("model", [LLAMA2, LLAMA3], ids=lambda model: model.name)
def test_lora_counts_are_those_of_peft(model: ModelShape, targets: str) -> None:
    names = list(TARGETS[targets])
    theirs = peft_trains(model, peft_type="LORA", r=8, target_modules=names)
    assert trainable_parameters(model, TARGETS[targets], 8) == theirs


@peft_warns
@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("prefix tuning", {"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 20}),
        ("prompt tuning", {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 20}),
        ("LoRA", {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj", "v_proj"]}),
    ],
)
def test_the_lessons_bill_is_what_peft_counts(method: str, settings: dict[str, object]) -> None:
    (printed,) = re.findall(rf"^\| {method}[^|]*\| ([\d,]+) \|", LESSON, flags=re.MULTILINE)
    assert int(printed.replace(",", "")) == peft_trains(LLAMA2, **settings)


@peft_warns
def test_dora_adds_one_length_an_output_feature() -> None:
    plain, dora = (
        peft_trains(
            LLAMA2, peft_type="LORA", r=8, target_modules=["q_proj", "v_proj"], use_dora=use_dora
        )
        for use_dora in (False, True)
    )
    assert dora - plain == 262_144
    assert "262,144" in LESSON


def test_the_lessons_other_counts_are_right() -> None:
    width, layers, bottleneck = 4096, 32, 64
    adapters = layers * 2 * (2 * width * bottleneck + bottleneck + width)
    one_layer = LLAMA2.linear_parameters() // layers + 2 * width
    for count in (
        adapters,
        2 * one_layer,
        LLAMA2.parameters(),
        LLAMA2.linear_parameters(),
        trainable_parameters(LLAMA3, TARGETS["q, v"], 8),
        trainable_parameters(LLAMA2, TARGETS["all linear"], 16),
    ):
        assert f"{count:,}" in LESSON


def test_only_the_matrices_chosen_are_adapted() -> None:
    by_matrix = trainable_by_matrix(LLAMA3, TARGETS["q, v"], 4)
    adapted = {name: count for name, count in by_matrix.items() if count}
    assert adapted == {"q_proj": 4 * 8192, "v_proj": 4 * 5120}


def test_the_lessons_worked_example_is_right() -> None:
    weight, x = np.array([[1, 0, 2], [0, 1, -1]]), np.array([1, 2, 3])
    a, b, scale = np.array([[1, 0, -1]]), np.array([[0.5], [1]]), 2 / 1
    assert (weight @ x).tolist() == [7, -1]
    assert (scale * b @ (a @ x)).tolist() == [-2, -4]
    merged = weight + scale * b @ a
    assert merged.tolist() == [[2, 0, 1], [2, 1, -3]]
    assert (merged @ x).tolist() == (weight @ x + scale * b @ (a @ x)).tolist() == [5, -5]


def test_training_follows_torchs_adam() -> None:
    target = wanted_update(16)
    a, b = initial_factors("B = 0", 4, 16, 16)
    ours = fit_update(target, 0.5, a, b, steps=30, learning_rate=0.01)
    factors = [torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)]
    optimizer = torch.optim.Adam(factors, lr=0.01)
    wanted = torch.tensor(target)
    theirs = []
    for _ in range(30):
        left = (0.5 * factors[1] @ factors[0] - wanted).square().sum()
        theirs.append(left.item() / wanted.square().sum().item())
        optimizer.zero_grad()
        (left / 2).backward()
        optimizer.step()
    assert ours[:-1] == pytest.approx(theirs)


def test_with_both_factors_zero_nothing_is_ever_learnt() -> None:
    a, b = initial_factors("both zero", 4, 32, 32)
    assert fit_update(wanted_update(), 2.0, a, b, 50, 0.01) == [1.0] * 51


@pytest.mark.parametrize("start", ["B = 0", "A = 0"])
def test_with_one_factor_zero_training_starts_at_the_base_and_learns(start: str) -> None:
    a, b = initial_factors(start, 4, 32, 32)
    curve = fit_update(wanted_update(), 2.0, a, b, 120, 0.01)
    assert curve[0] == 1.0
    assert curve[-1] < 0.2


def test_with_neither_factor_zero_training_starts_away_from_the_base() -> None:
    a, b = initial_factors("neither zero", 4, 32, 32)
    assert fit_update(wanted_update(), 2.0, a, b, 1, 0.01)[0] > 1.1


@pytest.mark.parametrize("rank", [1, 2, 4, 8])
def test_training_ends_near_the_best_matrix_of_its_rank_and_never_below(rank: int) -> None:
    values = torch.linalg.svdvals(torch.tensor(wanted_update()))
    best = (values[rank:].square().sum() / values.square().sum()).item()
    a, b = initial_factors("B = 0", rank, 32, 32)
    curve = fit_update(wanted_update(), scale_of("alpha / r", 2.0 * rank, rank), a, b, 400, 0.01)
    assert min(curve) >= best - 1e-9
    assert curve[-1] == pytest.approx(best, abs=0.01)


def test_the_two_scales_agree_at_rank_one_only() -> None:
    assert scale_of("alpha / r", 8, 1) == scale_of("alpha / √r", 8, 1) == 8
    assert scale_of("alpha / r", 8, 16) == 0.5
    assert scale_of("alpha / √r", 8, 16) == 2


def test_nf4_levels_are_the_published_ones() -> None:
    assert nf4_levels().tolist() == pytest.approx(
        [float(x) for x in PUBLISHED_NF4.split()], abs=1e-6
    )


@pytest.mark.parametrize("name", LEVELS)
def test_quantising_takes_the_nearest_level_of_each_block(name: str) -> None:
    weights = np.random.default_rng(0).normal(size=(6, 32))
    rounded = quantize(weights, LEVELS[name], 16)
    for block, result in zip(weights.reshape(-1, 16), rounded.reshape(-1, 16), strict=True):
        scale = max(abs(block))
        for weight, value in zip(block, result, strict=True):
            nearest = min(
                LEVELS[name] * scale, key=lambda level, weight=weight: abs(level - weight)
            )
            assert value == pytest.approx(nearest)


def test_a_block_of_zeros_stays_zero() -> None:
    assert quantize(np.zeros(64), nf4_levels(), 64).tolist() == [0.0] * 64


def test_the_lessons_block_of_four_is_right() -> None:
    block = np.array([0.9, -0.3, 0.05, -1.2])
    assert quantize(block, LEVELS["NF4"], 4) == pytest.approx(
        [0.868, -0.341, 0.095, -1.2], abs=6e-4
    )
    assert quantize(block, LEVELS["int4"], 4) == pytest.approx([0.857, -0.343, 0, -1.2], abs=6e-4)


def test_nf4_wins_on_gaussian_weights_and_int4_on_uniform_ones() -> None:
    rng = np.random.default_rng(5)
    gaussian, uniform = rng.normal(size=1 << 18), rng.uniform(-1, 1, 1 << 18)
    errors = {name: relative_error(gaussian, levels, 64) for name, levels in LEVELS.items()}
    assert errors["NF4"] == pytest.approx(0.092, abs=5e-4)
    assert errors["int4"] == pytest.approx(0.108, abs=1e-3)
    assert relative_error(uniform, LEVELS["int4"], 64) < relative_error(uniform, LEVELS["NF4"], 64)


def test_double_quantisation_saves_what_the_paper_says() -> None:
    saved = bits_per_weight(64, False) - bits_per_weight(64, True)
    assert saved == pytest.approx(0.373, abs=5e-4)
    assert saved * 65e9 / 8 / 1e9 == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("name", ["q_update", "v_before", "random"])
def test_truncation_errors_are_those_of_torchs_svd(name: str) -> None:
    whole = torch.tensor(matrix(name))
    u, s, v = torch.linalg.svd(whole)
    for rank in (0, 1, 8, 64):
        best = u[:, :rank] * s[:rank] @ v[:rank]
        error = torch.linalg.norm(whole - best) / torch.linalg.norm(whole)
        assert truncation_errors(name)[rank] == pytest.approx(error.item())
    assert truncation_errors(name)[128] == 0


def test_the_example_trains_the_share_that_the_lesson_says() -> None:
    model = ByteModel()
    rank_8 = sum(8 * (m.in_features + m.out_features) for _, _, m in linears(model))
    total = sum(parameter.numel() for parameter in model.parameters())
    assert rank_8 / total == pytest.approx(0.085, abs=5e-4)
    assert total == pytest.approx(0.9e6, rel=0.05)


def test_the_lessons_measured_losses_are_those_of_the_file() -> None:
    measured = losses()
    rows = re.findall(
        r"^\| (\d+) \| ([\d.]+) \| (-?\d+) % \| ([\d.]+) \| (-?\d+) % \|$", LESSON, re.MULTILINE
    )
    assert len(rows) >= 4
    for rank, lora, lora_share, cut, cut_share in rows:
        assert f"{measured.lora[int(rank)]:.3f}" == lora
        assert f"{100 * measured.gained(measured.lora[int(rank)]):.0f}" == lora_share
        assert f"{measured.cut[int(rank)]:.3f}" == cut
        assert f"{100 * measured.gained(measured.cut[int(rank)]):.0f}" == cut_share
    assert f"misses {truncation_errors('v_update')[8]:.0%}".replace("%", " %") in LESSON
    assert f"{measured.base:.3f}" in LESSON
    assert f"{measured.full:.3f}" in LESSON
