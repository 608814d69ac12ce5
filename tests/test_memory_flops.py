"""FLOPs against PyTorch's own counter, on fake tensors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from tests.memory_oracle import build, fake_run, inputs
from topics.labs.memory import Setting, estimate, model_from_config, preset
from topics.labs.memory.flops import compute_optimal, forward_flops, six_nd, training_flops

BATCH, SEQ = 2, 64
LLAMA: dict[str, Any] = {
    "num_hidden_layers": 3,
    "hidden_size": 96,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "intermediate_size": 200,
    "vocab_size": 1000,
    "pad_token_id": 0,
}
CLASSIC = {k: v for k, v in LLAMA.items() if k != "num_key_value_heads"}
LATENT = {"q_lora_rank": 40, "kv_lora_rank": 24, "qk_rope_head_dim": 8, "qk_nope_head_dim": 12}
SIZES: dict[str, dict[str, Any]] = {
    "llama": LLAMA,
    "qwen3": {**LLAMA, "head_dim": 40, "tie_word_embeddings": True},
    "gpt2": {"n_embd": 96, "n_layer": 3, "n_head": 6, "vocab_size": 1000},
    "gpt_neox": CLASSIC,
    "gemma": {**LLAMA, "head_dim": 40},
    "opt": {**CLASSIC, "ffn_dim": 200, "word_embed_proj_dim": 40, "do_layer_norm_before": False},
    "deepseek_v3": {
        **CLASSIC,
        **LATENT,
        "num_key_value_heads": 6,
        "v_head_dim": 20,
        "first_k_dense_replace": 9,
    },
}


def counted(family: str, backward: bool) -> tuple[int, dict[str, Any]]:
    config = transformers.AutoConfig.for_model(family, **SIZES[family])
    with fake_run(cuda=False), FlopCounterMode(display=False) as counter:
        model = build(config, "eager", torch.float32)
        output = model(**inputs(model, BATCH, SEQ))
        if backward:
            output.loss.backward()
    return counter.get_total_flops(), config.to_dict()


@pytest.mark.parametrize("family", SIZES)
def test_a_forward_pass_costs_what_torch_counts(family: str):
    real, config = counted(family, backward=False)
    ours = forward_flops(model_from_config(config), SEQ).total * BATCH * SEQ
    assert ours == real


@pytest.mark.parametrize("family", SIZES)
def test_a_training_step_costs_three_forward_passes(family: str):
    real, config = counted(family, backward=True)
    model = model_from_config(config)
    ours = training_flops(model, SEQ).model * BATCH * SEQ
    assert ours == real
    assert ours == pytest.approx(3 * forward_flops(model, SEQ).total * BATCH * SEQ)


def test_the_rule_of_six_comes_close_to_the_exact_count_at_short_lengths():
    model = preset("llama-2-7b")
    exact = training_flops(model, 512).model
    assert six_nd(6.738e9, 1) == pytest.approx(exact, rel=0.03)


def test_a_causal_mask_leaves_about_half_of_the_attention():
    model = preset("llama-2-7b")
    full, causal = (forward_flops(model, 4096, causal=c) for c in (False, True))
    assert causal.attention / full.attention == pytest.approx(0.5, abs=0.001)
    assert causal.linear == full.linear


def test_lora_saves_the_weight_gradients_only():
    model = preset("llama-2-7b")
    full = estimate(Setting(model, seq=2048)).flops.per_token
    lora = estimate(Setting(model, seq=2048, method="lora", rank=8)).flops.per_token
    assert 0.66 < lora / full < 0.72


def test_full_recomputation_repeats_the_blocks_but_not_the_head():
    model = preset("gpt-3-175b")
    counted = training_flops(model, 2048, recompute="full")
    forward = forward_flops(model, 2048)
    assert counted.recompute == forward.linear + forward.attention


def test_chinchilla_s_budget_gives_seventy_billion_parameters():
    params, tokens = compute_optimal(5.88e23)
    assert params == pytest.approx(70e9, rel=0.01)
    assert tokens == pytest.approx(1.4e12, rel=0.01)
