"""The memory lesson's figures and numbers, against transformers, autograd and the papers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.profiler import ProfilerActivity, profile

from topics import catalogue
from topics.memory.cost import Run, gpu_hours, seconds, training_flop
from topics.memory.estimate import (
    GIB,
    LOGIT_BYTES,
    NF4_BYTES,
    RESERVE,
    Job,
    activation_bytes_per_token,
    estimate,
    fits,
    kv_bytes_per_token,
    longest_context,
)
from topics.memory.models import MODELS, ModelShape, from_preset

LESSON = (catalogue.ROOT / "memory" / "lesson.md").read_text(encoding="utf-8")
LLAMA2, LLAMA3 = MODELS["Llama 2 7B"], MODELS["Llama 3 8B"]
LLAMA_65B = from_preset("LLaMA 65B", "llama-1-65b")
OFFLOADED = "on, inputs offloaded"


def transformers_parameters(model: ModelShape) -> int:
    """The count of the library's own model of this shape, built without memory."""
    from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config

    config = (Qwen2Config if model.qkv_bias else LlamaConfig)(
        vocab_size=model.vocab,
        hidden_size=model.hidden,
        intermediate_size=model.ffn,
        num_hidden_layers=model.n_layers,
        num_attention_heads=model.n_heads,
        num_key_value_heads=model.n_kv_heads,
        tie_word_embeddings=model.tied,
    )
    with torch.device("meta"):
        built = AutoModelForCausalLM.from_config(config)
    return sum(parameter.numel() for parameter in built.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_parameter_counts_are_those_of_transformers(name: str) -> None:
    assert MODELS[name].parameters() == transformers_parameters(MODELS[name])


class FusedNorm(torch.autograd.Function):
    """RMSNorm as a fused kernel keeps it: the input and one number a token."""

    @staticmethod
    def forward(context, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        scale = x.float().pow(2).mean(-1, keepdim=True).add(1e-6).rsqrt()
        context.save_for_backward(x, weight, scale)
        return (x * scale).to(x.dtype) * weight

    @staticmethod
    def backward(context, *_):
        raise NotImplementedError


class LlamaBlock(nn.Module):
    """One layer with plain modules, for counting what autograd keeps."""

    def __init__(self, model: ModelShape) -> None:
        super().__init__()
        self.model = model
        self.matrices = nn.ParameterDict(
            {
                name: nn.Parameter(torch.randn(shape, dtype=torch.bfloat16))
                for name, shape in model.linears().items()
            }
        )
        self.norm = nn.Parameter(torch.ones(model.hidden, dtype=torch.bfloat16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        def project(name: str, y: torch.Tensor) -> torch.Tensor:
            return F.linear(y, self.matrices[name])

        def heads(name: str) -> torch.Tensor:
            return project(name, y).unflatten(-1, (-1, self.model.head_dim)).transpose(1, 2)

        y = FusedNorm.apply(x, self.norm)
        q, k, v = (heads(name) for name in ("q_proj", "k_proj", "v_proj"))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + project("o_proj", mixed.transpose(1, 2).flatten(2))
        y = FusedNorm.apply(x, self.norm)
        hidden = F.silu(project("gate_proj", y)) * project("up_proj", y)
        return x + project("down_proj", hidden)


@pytest.mark.parametrize("n_kv_heads", [1, 4])
def test_activation_bytes_are_what_autograd_saves(n_kv_heads: int) -> None:
    model = ModelShape("small", 1, 256, 4, n_kv_heads, 64, 896, 100)
    block = LlamaBlock(model)
    own = {parameter.untyped_storage().data_ptr() for parameter in block.parameters()}
    saved: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = tensor
        return tensor

    x = torch.randn(1, 512, 256, dtype=torch.bfloat16, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        block(x)
    per_token = sum(tensor.untyped_storage().nbytes() for tensor in saved.values()) / 512
    # One fp32 number a head and a norm comes on top: under one per cent here.
    assert per_token == pytest.approx(activation_bytes_per_token(model), rel=0.01)


def test_a_plain_cross_entropy_peaks_at_fourteen_bytes_a_logit() -> None:
    n_tokens, vocab = 64, 20_000
    hidden = torch.randn(n_tokens, 8, dtype=torch.bfloat16, requires_grad=True)
    head = torch.randn(vocab, 8, dtype=torch.bfloat16)
    labels = torch.randint(vocab, (n_tokens,))
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        logits = hidden @ head.T
        F.cross_entropy(logits.float(), labels).backward()
    held = peak = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    assert peak / (n_tokens * vocab) == pytest.approx(LOGIT_BYTES, rel=0.01)


@pytest.mark.parametrize(
    ("n_layers", "width", "per_token"),
    [
        (32, 2 * 32 * 128, 524_288),  # Llama 2 7B
        (40, 2 * 40 * 128, 819_200),  # OPT 13B, vLLM paper, section 3
        (126, 2 * 8 * 128, 516_096),  # Llama 3.1 405B, arXiv:2505.09343, table 1
        (61, 512 + 64, 70_272),  # DeepSeek-V3, the same table
    ],
)
def test_kv_bytes_match_published_figures(n_layers: int, width: int, per_token: int) -> None:
    assert kv_bytes_per_token(n_layers, width) == per_token


def test_the_kv_figure_counts_the_tokens_that_fit() -> None:
    figure = catalogue.figures("memory")["kv-cache"]
    text = figure.draw(**figure.defaults()).text
    assert "GQA, 8 KV heads: 128 KiB a token, 491,520 tokens" in text
    text = figure.draw(**(figure.defaults() | {"batch": 60, "value_type": "fp8 (1)"})).text
    assert "GQA, 8 KV heads: 64 KiB a token, 16,384 tokens" in text


def test_nf4_with_double_quantisation_takes_the_published_bits() -> None:
    bits = NF4_BYTES * 8
    assert bits == pytest.approx(4 + 0.127, abs=1e-3)


def test_recomputation_keeps_inputs_and_one_layer() -> None:
    job = Job(LLAMA3, seq_len=8192, chunked_loss=True)
    layer = 8192 * activation_bytes_per_token(LLAMA3)
    assert estimate(replace(job, recompute="off")).activations == 32 * layer
    assert estimate(job).activations == 32 * 8192 * 4096 * 2 + layer
    assert estimate(replace(job, recompute=OFFLOADED)).activations == 8192 * 4096 * 2 + layer


def test_logits_and_one_layers_insides_are_never_held_together() -> None:
    plain = estimate(Job(LLAMA3, seq_len=8192))
    assert plain.logits == 14 * 8192 * 128256
    assert plain.activations == 32 * 8192 * 4096 * 2  # the layer is smaller than the logits


@pytest.mark.parametrize("method", ["full", "LoRA", "QLoRA"])
def test_the_longest_context_fits_and_one_more_token_does_not(method: str) -> None:
    job = Job(MODELS["Qwen2.5 0.5B"], method, chunked_loss=True)
    longest = longest_context(job, 16 * GIB)
    assert fits(replace(job, seq_len=longest), 16 * GIB)
    assert not fits(replace(job, seq_len=longest + 1), 16 * GIB)
    assert longest_context(replace(job, model=LLAMA_65B), 16 * GIB) == 0


@pytest.mark.parametrize(
    ("name", "card", "plain", "chunked", "offloaded"),
    [("Qwen2.5 14B", 16, 30.3, 15.4, 11.7), ("Qwen2.5 32B", 24, 41.1, 27.1, 22.2)],
)
def test_the_claim_about_cards_holds_only_with_chunked_loss_and_offloading(
    name: str, card: int, plain: float, chunked: float, offloaded: float
) -> None:
    job = Job(MODELS[name], "QLoRA", 16, 8192)
    jobs = (
        job,
        replace(job, chunked_loss=True),
        replace(job, chunked_loss=True, recompute=OFFLOADED),
    )
    for one, gib in zip(jobs, (plain, chunked, offloaded), strict=True):
        assert round(estimate(one).total / GIB, 1) == gib
        assert str(gib) in LESSON
    assert [fits(one, card * GIB) for one in jobs] == [False, False, True]


def test_a_model_with_a_large_vocabulary_needs_more_than_16_gib_with_a_plain_loss() -> None:
    for recompute in ("on", OFFLOADED):
        job = Job(MODELS["Qwen2.5 7B"], "QLoRA", 16, 8192, 1, recompute)
        assert not fits(job, 16 * GIB)
        assert fits(replace(job, chunked_loss=True), 16 * GIB)


def test_the_lessons_table_of_methods_is_computed() -> None:
    for method in ("full", "LoRA", "QLoRA"):
        part = estimate(Job(LLAMA2, method, 16, 2048))
        cells = (
            f"{part.weights / GIB:.2f}",
            f"{(part.gradients + part.optimizer) / GIB:.2f}",
            f"{(part.activations + part.logits) / GIB:.2f}",
            f"{part.total / GIB:.2f}",
        )
        assert f"| {method} | {' | '.join(cells)} |" in LESSON


def test_the_lessons_count_of_llama_3_adds_up() -> None:
    rows = re.findall(r"^\|[^|]*\|[^|]*\| ([\d,]+) \|$", LESSON, flags=re.MULTILINE)
    numbers = [int(row.replace(",", "")) for row in rows]
    *parts, layer, layers, tables, norm, total = numbers
    assert len(parts) == 4
    assert sum(parts) == layer
    assert layers == 32 * layer
    assert total == layers + tables + norm == LLAMA3.parameters()


def test_the_lessons_65b_answers_are_computed() -> None:
    assert LLAMA_65B.parameters() == 65_285_660_672
    assert 16 * LLAMA_65B.parameters() / 1e9 == pytest.approx(1045, abs=0.5)
    assert 12 < 16 * LLAMA_65B.parameters() / (80 * GIB) < 13
    lora = estimate(Job(LLAMA_65B, "LoRA", 16, 512))
    assert round(lora.weights / GIB) == 122
    assert 80 * GIB < lora.total < 2 * (80 * GIB - RESERVE)
    qlora = estimate(Job(LLAMA_65B, "QLoRA", 64, 512))
    assert round(qlora.total / GIB) == 45
    assert fits(Job(LLAMA_65B, "QLoRA", 64, 512), 48 * GIB)


def test_the_lessons_budget_is_computed() -> None:
    run = Run(7e9, 1e12, 64, 1e15, 0.4)
    assert training_flop(7e9, 1e12) == 4.2e22
    assert gpu_hours(run) == pytest.approx(29_167, abs=1)
    assert gpu_hours(run) / 24 == pytest.approx(1_215, abs=1)
    assert seconds(run) / 86_400 == pytest.approx(19, abs=0.1)
    utilization = 6 * 8.03e9 * 64_000 / (8 * 989e12)
    assert utilization == pytest.approx(0.39, abs=0.001)
    attention = {seq_len: 12 * 32 * 4096 * seq_len / (6 * 8.03e9) for seq_len in (2048, 8192)}
    assert attention == pytest.approx({2048: 0.07, 8192: 0.27}, abs=0.005)


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("112 GB", 16 * 7e9 / 1e9),
        ("104 GiB", 16 * 7e9 / GIB),
        ("167,936 bytes", activation_bytes_per_token(LLAMA3)),
        ("1.28 GiB a layer", 8192 * activation_bytes_per_token(LLAMA3) / GIB),
        ("41 GiB for 32 layers", 32 * 8192 * activation_bytes_per_token(LLAMA3) / GIB),
        ("14.7 GB", LOGIT_BYTES * 8192 * 128256 / 1e9),
        ("524,288 bytes", kv_bytes_per_token(32, 2 * 32 * 128)),
        ("70,272 bytes", kv_bytes_per_token(61, 576)),
        ("491,520 tokens", 60 * GIB / kv_bytes_per_token(32, 2 * 8 * 128)),
        ("15.0 GiB", 2 * LLAMA3.parameters() / GIB),
    ],
)
def test_numbers_printed_in_the_lesson_are_computed(printed: str, value: float) -> None:
    assert printed in LESSON
    number = printed.split()[0].replace(",", "")
    decimals = len(number.partition(".")[2])
    assert f"{value:.{decimals}f}" == number
