"""References against oracles that share no code with them: torch, peft, brute force."""

import math

import numpy as np
import peft
import pytest
import torch
from torch import nn
from transformers.models.gptj.modeling_gptj import apply_rotary_pos_emb as rotate_neighbours
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb as rotate_halves

from drills.catalogue import get_drill
from verifiers.workbench import load_workbench

SEEDS = range(5)


def reference(drill_id):
    return load_workbench(get_drill(drill_id).spec).reference


@pytest.fixture(autouse=True)
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_softmax_with_temperature_is_torchs_softmax_of_scaled_logits(seed, temperature):
    torch.manual_seed(seed)
    logits = torch.randn(3, 4, 5) * 50
    for dim in (0, 1, -1):
        ours = reference("softmax_temperature")(logits, temperature, dim)
        torch.testing.assert_close(ours, torch.softmax(logits / temperature, dim))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_torchs(seed, causal):
    torch.manual_seed(seed)
    q, k, v = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 7, 5), torch.randn(2, 3, 7, 6)
    mask = torch.rand(2, 1, 4, 7) < 0.6
    mask[..., 0] = True
    both = mask & torch.ones(4, 7, dtype=torch.bool).tril(3) if causal else mask
    ours = reference("scaled_dot_product_attention")(q, k, v, mask, causal)
    torch.testing.assert_close(
        ours, nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=both)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_multi_head_attention_is_torchs_module_with_the_same_weights(seed):
    torch.manual_seed(seed)
    ours = reference("multi_head_attention")(12, 3)
    torchs = nn.MultiheadAttention(12, 3, bias=False, batch_first=True)
    with torch.no_grad():
        weights = [ours.q_proj.weight, ours.k_proj.weight, ours.v_proj.weight]
        torchs.in_proj_weight.copy_(torch.cat(weights))
        torchs.out_proj.weight.copy_(ours.o_proj.weight)
    x, future = torch.randn(2, 5, 12), torch.ones(5, 5, dtype=torch.bool).triu(1)
    torch.testing.assert_close(ours(x), torchs(x, x, x)[0])
    torch.testing.assert_close(ours(x, causal=True), torchs(x, x, x, attn_mask=future)[0])
    torch.testing.assert_close(ours(x, mask=~future), torchs(x, x, x, attn_mask=future)[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_rope_with_split_halves_is_llamas_and_interleaved_is_gpt_js(seed):
    torch.manual_seed(seed)
    x, where = torch.randn(2, 3, 6, 8), torch.randint(0, 500, (6,))
    angles = where[:, None] * 10000.0 ** (-torch.arange(0, 8, 2) / 8)
    twice = torch.cat([angles, angles], -1)[None]
    llama, _ = rotate_halves(x, x, twice.cos(), twice.sin())
    torch.testing.assert_close(reference("rope")(x, where), llama)
    gptj = rotate_neighbours(x.transpose(1, 2), angles.sin()[None], angles.cos()[None])
    ours = reference("rope")(x, where, interleaved=True)
    torch.testing.assert_close(ours, gptj.transpose(1, 2))


@pytest.mark.parametrize("interleaved", [False, True])
def test_rope_makes_scores_depend_on_the_distance_alone(interleaved):
    torch.manual_seed(0)
    q, k = torch.randn(1, 8), torch.randn(1, 8)
    rope = reference("rope")

    def score(m, n):
        turned = [rope(x, torch.tensor([p]), interleaved=interleaved) for x, p in ((q, m), (k, n))]
        return (turned[0] * turned[1]).sum().item()

    assert score(7, 3) == pytest.approx(score(1007, 1003), abs=1e-10)


@pytest.mark.parametrize("eps", [1e-12, 1e-5, 0.3])
def test_layer_norm_is_torchs(eps):
    torch.manual_seed(0)
    x, weight, bias = torch.randn(3, 4, 7) * 0.1 + 5, torch.randn(7), torch.randn(7)
    theirs = nn.functional.layer_norm(x, (7,), weight, bias, eps)
    torch.testing.assert_close(reference("layer_norm")(x, weight, bias, eps), theirs)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("rank", "alpha"), [(1, 16), (3, 16), (6, 2)])
def test_lora_is_pefts_before_and_after_merging(bias, rank, alpha):
    torch.manual_seed(rank)
    base = nn.Sequential(nn.Linear(5, 4, bias=bias))
    frozen = base[0].weight.detach().clone()
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=["0"], lora_dropout=0.0)
    model = peft.get_peft_model(base, config)
    layer = model.base_model.model[0]
    lora_a, lora_b = layer.lora_A.default.weight, layer.lora_B.default.weight
    nn.init.normal_(lora_b)
    x = torch.randn(2, 3, 5)
    ours = reference("lora_forward")(x, frozen, layer.base_layer.bias, lora_a, lora_b, alpha)
    torch.testing.assert_close(ours, model(x))
    merged = reference("lora_merge")(frozen, lora_a, lora_b, alpha)
    torch.testing.assert_close(merged, model.merge_and_unload()[0].weight)


@pytest.mark.parametrize("seed", range(20))
def test_the_nucleus_is_the_smallest_set_that_reaches_p(seed):
    torch.manual_seed(seed)
    logits, p = torch.randn(8) * 2, float(torch.rand(1) * 0.9 + 0.05)
    kept = torch.isfinite(reference("top_p_filter")(logits, p))
    chances = logits.softmax(0)
    subsets = [torch.tensor([bool(bits >> i & 1) for i in range(8)]) for bits in range(1, 256)]
    reaching = [subset for subset in subsets if chances[subset].sum() >= p]
    fewest = min(int(subset.sum()) for subset in reaching)
    best = max((s for s in reaching if s.sum() == fewest), key=lambda s: chances[s].sum())
    assert torch.equal(kept, best)


@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step.*")
def test_the_schedule_is_torchs_linear_warm_up_and_cosine():
    weight = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.3)
    rise = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: step / 4)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8, eta_min=0.03)
    both = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], milestones=[4])
    for step in range(13):
        ours = reference("cosine_warmup")(step, 0.3, 0.03, 4, 12)
        assert ours == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9, abs=1e-15)
        optimizer.step()
        both.step()


def test_training_memory_is_the_zero_papers_table():
    # Rajbhandari et al. 2020, figure 1: 7.5 B parameters, 64 GPUs, in GB.
    published = {0: 120.0, 1: 31.4, 2: 16.6, 3: 1.9}
    for stage, expected in published.items():
        ours = reference("training_memory")(7.5e9, 2, 2, 12, 64, stage)["total"] / 1e9
        assert ours == pytest.approx(expected, abs=0.05)


def test_the_kv_cache_is_what_torch_stores():
    layers, heads, width, tokens, batch = 3, 2, 8, 11, 5
    cache = [np.zeros((batch, heads, tokens, width), dtype=np.float16) for _ in range(2 * layers)]
    assert reference("kv_cache_bytes")(layers, heads, width, tokens, batch) == sum(
        tensor.nbytes for tensor in cache
    )


def test_greedy_takes_the_first_of_equal_maxima():
    ours = reference("softmax_temperature")(torch.tensor([1.0, math.pi, math.pi]), 0)
    assert ours.tolist() == [0.0, 1.0, 0.0]
