"""What a block keeps for backward, against autograd's own saved tensors under FakeTensorMode."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from torch._subclasses.fake_tensor import unset_fake_temporarily

from tests.memory_oracle import build, fake_run, faked, per_layer
from topics.labs.memory import Setting, estimate, model_from_config
from topics.labs.memory.hf_blocks import trace
from topics.labs.memory.run import Run

BATCH, SEQ = 2, 256
BF16, FP32 = torch.bfloat16, torch.float32
LLAMA: dict[str, Any] = {
    "num_hidden_layers": 2,
    "hidden_size": 256,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "intermediate_size": 640,
    "vocab_size": 500,
    "pad_token_id": 0,
}
CLASSIC = {k: v for k, v in LLAMA.items() if k != "num_key_value_heads"}
GPT2 = {"n_layer": 2, "n_embd": 256, "n_head": 8, "vocab_size": 500}
NO_DROPOUT = {"attn_pdrop": 0.0, "resid_pdrop": 0.0, "embd_pdrop": 0.0}
LATENT = {"q_lora_rank": 64, "kv_lora_rank": 32, "qk_rope_head_dim": 16, "qk_nope_head_dim": 32}
DEEPSEEK = {**LLAMA, **LATENT, "num_key_value_heads": 8, "v_head_dim": 32, "n_group": 1}
T5 = {"num_layers": 2, "d_model": 256, "num_heads": 8, "d_kv": 32, "d_ff": 640, "vocab_size": 500}
T5_IDS = {"decoder_start_token_id": 0, "pad_token_id": 0}
SIZES: dict[str, dict[str, Any]] = {
    "gpt2": GPT2,
    "gpt_neox": CLASSIC,
    "opt": {**CLASSIC, "ffn_dim": 640, "word_embed_proj_dim": 256},
    "bloom": {"n_layer": 2, "hidden_size": 256, "n_head": 8, "vocab_size": 500},
    "phi": CLASSIC,
    "llama": LLAMA,
    "qwen2": LLAMA,
    "qwen3": {**LLAMA, "head_dim": 32},
    "gemma": {**LLAMA, "head_dim": 32},
    "gemma2": {**LLAMA, "head_dim": 32},
    "gemma3_text": {**LLAMA, "head_dim": 32},
    "phi3": LLAMA,
    "glm4": {**LLAMA, "head_dim": 32},
    "olmo": LLAMA,
    "olmo2": LLAMA,
    "cohere": LLAMA,
    "starcoder2": LLAMA,
    "bert": CLASSIC,
    "t5": {**T5, **T5_IDS},
    "deepseek_v3": {**DEEPSEEK, "topk_group": 1, "first_k_dense_replace": 9},
    "mixtral": {**LLAMA, "num_local_experts": 4},
    "glm4_moe": {
        **LLAMA,
        "head_dim": 32,
        "n_routed_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 96,
        "n_group": 1,
        "topk_group": 1,
        "first_k_dense_replace": 0,
    },
    "qwen3_moe": {**LLAMA, "num_experts": 8, "num_experts_per_tok": 2, "head_dim": 32},
    "gpt_oss": {**LLAMA, "head_dim": 32, "num_local_experts": 4, "num_experts_per_tok": 2},
}
EAGER_ONLY = {"bloom", "gemma2", "gpt_oss"}
AUTO = {
    "bert": transformers.AutoModelForMaskedLM,
    "t5": transformers.AutoModelForSeq2SeqLM,
}


def sized(family: str, sizes: dict[str, Any], layers: int) -> Any:
    counted = {"num_hidden_layers", "n_layer", "num_layers"} & set(sizes)
    return transformers.AutoConfig.for_model(family, **{**sizes, **dict.fromkeys(counted, layers)})


def real_layer(
    family: str, sizes: dict[str, Any], attention: str, dtype: torch.dtype, cuda: bool, mask: bool
) -> int:
    def make(layers: int) -> torch.nn.Module:
        return build(sized(family, sizes, layers), attention, dtype, AUTO.get(family))

    with fake_run(cuda):
        return per_layer(make, BATCH, SEQ, mask)


def our_layer(
    family: str, sizes: dict[str, Any], attention: str, dtype: torch.dtype, cuda: bool, mask: bool
) -> float:
    model = model_from_config(sized(family, sizes, 2).to_dict())
    item, device = float(dtype.itemsize), "cuda" if cuda else "cpu"
    run = Run(BATCH, SEQ, attention, mask, item, device)  # type: ignore[arg-type]
    kinds = ["moe" if model.moe_layers else "dense"] + ["encoder"] * bool(model.encoder_layers)
    return sum(trace(model, run, kind).saved for kind in kinds)  # type: ignore[arg-type]


CASES = [
    (family, attention, mask)
    for family in SIZES
    for attention in ("eager", "sdpa")
    for mask in (False, True)
    if not (attention == "sdpa" and family in EAGER_ONLY) and not (attention == "eager" and mask)
]


@pytest.mark.parametrize(("family", "attention", "mask"), CASES)
def test_a_block_keeps_what_autograd_saves_on_a_gpu(family: str, attention: str, mask: bool):
    real = real_layer(family, SIZES[family], attention, BF16, True, mask)
    ours = our_layer(family, SIZES[family], attention, BF16, True, mask)
    # A GPU keeps LayerNorm's statistics in fp32; under fake tensors they look like bf16.
    assert ours == pytest.approx(real, rel=5e-3)


@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen3", "gemma", "bert", "opt"])
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_a_block_keeps_exactly_what_autograd_saves_in_fp32(family: str, attention: str):
    sizes = SIZES[family] | (NO_DROPOUT if family == "gpt2" else {})
    real = real_layer(family, sizes, attention, FP32, False, False)
    assert our_layer(family, sizes, attention, FP32, False, False) == real


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("dropout", [True, False])
def test_on_a_cpu_dropout_is_composed_and_keeps_more(attention: str, dropout: bool):
    sizes = GPT2 if dropout else GPT2 | NO_DROPOUT
    real = real_layer("gpt2", sizes, attention, BF16, False, False)
    assert our_layer("gpt2", sizes, attention, BF16, False, False) == real


@pytest.mark.parametrize("seq", [32, 128, 512])
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_every_length_is_right_not_just_one(family: str, seq: int):
    def make(layers: int) -> torch.nn.Module:
        return build(sized(family, SIZES[family], layers), "eager", FP32)

    with fake_run(cuda=False):
        real = per_layer(make, 3, seq)
    model = model_from_config(sized(family, SIZES[family], 2).to_dict())
    assert trace(model, Run(3, seq, "eager", False, 4.0, "cpu")).saved == real


@pytest.mark.parametrize("family", ["gpt_neox", "phi3", "falcon", "gemma"])
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_one_sequence_keeps_views_where_several_are_copied(family: str, attention: str):
    sizes = {**CLASSIC, "num_key_value_heads": 1} if family == "gemma" else {**CLASSIC}
    if family == "falcon":
        del sizes["intermediate_size"]  # its feed-forward is four times as wide whatever that says

    def make(layers: int) -> torch.nn.Module:
        return build(sized(family, sizes, layers), attention, FP32)

    with fake_run(cuda=False):
        real = per_layer(make, 1, 65, mask=False)
    model = model_from_config(sized(family, sizes, 2).to_dict())
    ours = trace(model, Run(1, 65, attention, False, 4.0, "cpu")).saved  # type: ignore[arg-type]
    assert ours == pytest.approx(real, rel=1e-4)


def test_autocast_widens_the_softmax():
    def make(layers: int) -> torch.nn.Module:
        return build(sized("gpt2", GPT2, layers), "eager", FP32)

    with fake_run(cuda=False), torch.autocast("cpu", BF16):
        real = per_layer(make, BATCH, SEQ)
    model = model_from_config(sized("gpt2", GPT2, 2).to_dict())
    run = Run(BATCH, SEQ, "eager", False, 2.0, "cpu", autocast=True)
    assert trace(model, run).saved == real


TARGETS = [("llama", "all-linear"), ("llama", "q_proj,v_proj"), ("gpt2", "c_attn")]


@pytest.mark.parametrize(("family", "targets"), TARGETS)
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_lora_blocks_keep_what_autograd_saves(family: str, targets: str, dropout: float):
    import peft

    def make(layers: int) -> torch.nn.Module:
        names = targets if targets == "all-linear" else targets.split(",")
        wanted = peft.LoraConfig(r=4, target_modules=names, lora_dropout=dropout)
        with unset_fake_temporarily(), torch.device("meta"):
            plain = build(sized(family, SIZES[family], layers), "sdpa", BF16)
            adapted = peft.get_peft_model(plain, wanted)
        return faked(adapted)

    with fake_run():
        real = per_layer(make, BATCH, SEQ)
    answer = estimate(
        Setting(
            model_from_config(sized(family, SIZES[family], 3).to_dict()),
            method="lora",
            rank=4,
            targets=tuple(targets.split(",")),
            lora_dropout=dropout,
            activations="huggingface",
            batch=BATCH,
            seq=SEQ,
            padded=False,
            device="cuda",
        )
    )
    assert answer.worst.per_layer == pytest.approx(real, rel=2e-3)


def test_the_figures_that_the_build_started_from():
    """Per layer in units of s·b·h bytes, as measured before anything was written."""
    gpt2 = Setting(model_from_config({"model_type": "gpt2", "n_embd": 768, "n_layer": 12,
                                      "n_head": 12, "vocab_size": 50257}), seq=1024,
                   activations="huggingface", attention="eager")  # fmt: skip
    llama = Setting(model_from_config({**LLAMA, "model_type": "llama", "hidden_size": 4096,
                                       "num_attention_heads": 32, "num_key_value_heads": 8,
                                       "intermediate_size": 14336}), seq=2048,
                    activations="huggingface")  # fmt: skip
    assert estimate(gpt2).worst.per_layer / (1024 * 768) == pytest.approx(156, abs=0.1)
    assert estimate(llama).worst.per_layer / (2048 * 4096) == pytest.approx(53, abs=0.1)


def test_a_checkpoint_keeps_the_block_s_input_and_nothing_else():
    model = model_from_config(sized("llama", LLAMA, 2).to_dict())
    setting = Setting(model, seq=SEQ, activations="huggingface", recompute="full")
    assert estimate(setting).worst.per_layer == SEQ * 256 * 2


def test_frozen_blocks_below_the_trained_ones_keep_nothing():
    model = model_from_config(sized("llama", LLAMA, 8).to_dict())
    whole = estimate(Setting(model, seq=SEQ, activations="huggingface"))
    top = estimate(
        Setting(model, seq=SEQ, activations="huggingface", method="freeze", frozen_layers=6)
    )
    first = top.worst.activations
    assert first < 2 * whole.worst.per_layer
    assert first > 1.5 * whole.worst.per_layer
