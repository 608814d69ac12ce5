"""What an estimate says: states under ZeRO, stages, caches, costs, and which settings cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topics.labs.memory import Setting, SettingError, estimate, model_from_config, preset
from topics.labs.memory.cards import all_cards, card
from topics.labs.memory.counts import total_params
from topics.labs.memory.kv_cache import kv_cache
from topics.labs.memory.optimizers import optimizer, state_bytes
from topics.labs.memory.units import GIB

LLAMA = preset("llama-3-8b")
TINY = model_from_config(
    {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 8, "num_attention_heads": 8,
     "num_key_value_heads": 4, "intermediate_size": 160, "vocab_size": 512}
)  # fmt: skip


def ask(**fields: Any):
    return estimate(Setting(**fields))


MODES = [
    {"activations": "fused"},
    {"activations": "huggingface"},
    {"activations": "huggingface", "recompute": "full"},
    {"method": "lora"},
    {"method": "qlora", "recompute": "full"},
    {"method": "freeze"},
    {"mode": "inference", "batch": 4},
    {"tp": 4, "pp": 4, "dp": 2, "sp": True, "zero": 1, "activations": "fused"},
    {"dp": 8, "zero": 3, "activations": "huggingface"},
    {"weights": "fp32", "compute": "bf16", "activations": "huggingface"},
]


@pytest.mark.parametrize("fields", MODES)
def test_the_lines_add_up_to_the_total_at_the_peak(fields: dict[str, Any]):
    answer = ask(model=LLAMA, seq=1024, card="H100", **fields)
    assert sum(line.at_peak for line in answer.lines) == pytest.approx(answer.total, rel=1e-12)
    assert all(line.bytes >= 0 and line.at_peak >= 0 for line in answer.lines)
    assert all(line.formula and line.source for line in answer.lines)


def test_full_tuning_of_seven_billion_takes_112_gb_before_activations():
    answer = ask(params=7e9)
    assert answer.total == 112e9
    assert answer.line("optimizer").bytes == 84e9


def test_pure_bf16_adam_keeps_its_moments_in_bf16():
    assert ask(params=1e9, master="none").total == 8e9


def test_qlora_keeps_four_bits_and_a_little_for_projections_and_bf16_for_tables():
    answer = ask(model=LLAMA, method="qlora", seq=128)
    tables = 2 * 128256 * 4096
    norms = 65 * 4096
    projections = total_params(LLAMA) - tables - norms
    adapters = answer.parameters.adapters
    expected = projections * 4.127 / 8 + (tables + norms) * 2 + adapters * 4
    assert answer.line("weights").bytes == pytest.approx(expected, rel=1e-4)


@given(
    dp=st.sampled_from([1, 2, 8, 64]),
    zero=st.integers(0, 3),
    name=st.sampled_from(["adam", "sgd", "momentum", "lion"]),
)
def test_zero_divides_exactly_what_its_stage_shares(dp: int, zero: int, name: str):
    states = {"adam": 2, "sgd": 0, "momentum": 1, "lion": 1}[name]
    answer = ask(params=1e9, dp=dp, zero=zero, optimizer=name)
    share = [dp if zero >= stage else 1 for stage in (3, 2, 1)]
    expected = [2e9 / share[0], 2e9 / share[1], (4 + 4 * states) * 1e9 / share[2]]
    got = [answer.line(key).bytes for key in ("weights", "gradients", "optimizer")]
    assert got == pytest.approx(expected)


@given(
    tp=st.sampled_from([1, 2, 4, 8]),
    pp=st.sampled_from([1, 2, 3, 8]),
    zero=st.integers(0, 3),
    tied=st.booleans(),
)
@settings(deadline=None)
def test_all_stages_together_hold_the_model_once(tp: int, pp: int, zero: int, tied: bool):
    model = replace(TINY, tied=tied)
    answer = ask(model=model, tp=tp, pp=pp, dp=2, zero=zero, seq=32)
    held = sum(stage.states.held for stage in answer.stages)
    table = 512 * 64 / tp if tied and pp > 1 else 0.0  # the last stage's copy of the tied table
    norms = 2 * 8 * 64 + 64
    heads = 2 * 8 * (64 * 8 * max(1 / tp, 1 / 4))  # key and value: a rank keeps one head at least
    split = total_params(model) - norms - 2 * 8 * 64 * 8 * 4
    assert held == pytest.approx(split / tp + norms + heads * 4 + table)


def test_expert_parallelism_spreads_the_experts_and_nothing_else():
    model = preset("mixtral-8x7b")
    alone = ask(model=model, dp=8, seq=128)
    spread = ask(model=model, dp=8, ep=8, seq=128)
    experts = 32 * 8 * 3 * 4096 * 14336
    saved = alone.worst.states.held - spread.worst.states.held
    assert saved == pytest.approx(experts * 7 / 8)


def test_a_sliding_window_caps_its_layers_cache():
    model = preset("gemma-2-9b")
    short, long = (kv_cache(model, seq=seq).total for seq in (4096, 8192))
    per_layer = 2 * 8 * 256 * 2
    assert long - short == 21 * 4096 * per_layer  # half of the 42 layers keep growing


def test_a_paged_cache_counts_whole_blocks():
    assert kv_cache(LLAMA, seq=100, block=16).tokens_stored == 112
    assert kv_cache(LLAMA, seq=96, block=16).tokens_stored == 96
    assert kv_cache(LLAMA, seq=100).tokens_stored == 100


def test_tensor_parallelism_cannot_split_a_cache_below_one_head():
    model = preset("chatglm3-6b")  # two key-value heads
    totals = [ask(model=model, mode="inference", seq=1024, tp=tp).line("kv_cache").bytes
              for tp in (1, 2, 8)]  # fmt: skip
    assert totals[1] == totals[0] / 2 == totals[2]


def test_latent_attention_caches_the_compressed_vector_whole_on_every_rank():
    answer = ask(model=preset("deepseek-v3"), mode="inference", seq=1000, tp=8)
    assert answer.line("kv_cache").bytes == 61 * (512 + 64) * 2 * 1000


@pytest.mark.parametrize(("kind", "per_parameter"), [("adam8bit", 2.03125), ("adam", 8.0)])
def test_eight_bit_states_have_a_scale_per_block(kind: str, per_parameter: float):
    size = state_bytes(optimizer(kind), (1000, 1000), 1, "fp32")
    assert size == pytest.approx(per_parameter * 1e6)


def test_small_tensors_keep_full_states_under_eight_bit_adam():
    assert state_bytes(optimizer("adam8bit"), (4095,), 1, "fp32") == 4095 * 8


def test_adafactor_keeps_rows_and_columns_of_a_matrix():
    assert state_bytes(optimizer("adafactor"), (300, 500), 2, "fp32") == 2 * 800 * 4


def test_the_first_stage_of_a_pipeline_holds_the_most_micro_batches():
    answer = ask(model=LLAMA, pp=4, seq=512, activations="fused")
    first, last = answer.stages[0], answer.stages[-1]
    assert first.activations == pytest.approx(4 * last.activations)
    assert answer.worst.index == 0


def test_selective_recomputation_drops_the_scores_and_full_the_rest():
    model = preset("gpt-3-175b")
    none, selective, full = (
        ask(model=model, seq=2048, recompute=r, activations="fused").worst.per_layer
        for r in ("none", "selective", "full")
    )
    unit = 2048 * 12288
    assert [none / unit, selective / unit, full / unit] == [34 + 5 * 96 * 2048 / 12288, 34, 2]


def test_a_card_s_verdict_counts_what_lives_outside_the_allocator():
    answer = ask(model=preset("qwen2.5-7b"), mode="inference", seq=4096, card="RTX-3090")
    assert answer.fit
    assert answer.fit.needed == answer.total + 600e6
    assert answer.fit.fits == (answer.fit.needed <= 24576 * 2**20)


def test_the_note_that_24_gb_trains_any_32b_model_with_qlora_at_8k_is_wrong_at_8k():
    """Curriculum, part VII, claim 10: it holds at short lengths only."""
    model = preset("qwen2.5-32b")
    fields = {"method": "qlora", "recompute": "full", "card": "RTX-4090"}
    fits = {seq: ask(model=model, seq=seq, **fields).fit.fits for seq in (512, 8192)}
    assert fits == {512: True, 8192: False}


def test_time_and_money_follow_from_flops():
    answer = ask(params=7e9, tokens=1e12, card="H100", mfu=0.4, price=2.0, dp=8)
    seconds = 6 * 7e9 * 1e12 / (8 * 0.4 * 989e12)
    assert answer.cost
    assert answer.cost.seconds == pytest.approx(seconds)
    assert answer.cost.money == pytest.approx(seconds / 3600 * 8 * 2.0)


def test_decoding_is_bound_by_reading_the_weights():
    answer = ask(model=preset("llama-2-7b"), mode="inference", seq=1, card="A100")
    assert answer.cost
    read = 2 * total_params(preset("llama-2-7b"))
    assert answer.cost.decode_seconds == pytest.approx(read / 2.039e12, rel=0.001)


IMPOSSIBLE = [
    ({"tp": 3}, r"32 heads cannot be split over 3 ranks; --tp may be 1, 2, 4"),
    ({"pp": 64}, r"32 layers cannot fill 64 stages; use at most --pp 32"),
    ({"sp": True}, r"set --tp above 1"),
    ({"ep": 2}, r"llama-3-8b has no experts"),
    ({"zero": 4}, r"stages 0 to 3"),
    ({"batch": 0}, r"batch must be at least 1"),
    ({"weights": "nf4"}, r"cannot be trained directly; use --method lora or qlora"),
    ({"optimizer": "adamm"}, r"unknown optimizer 'adamm'"),
    ({"card": "H10"}, r"no card is called 'H10'; near it: .*H100"),
    ({"recompute": "some"}, r"choose one of none, selective, full"),
    ({"offload_params": True}, r"add --zero 3"),
    ({"mfu": 1.4}, r"share of the peak"),
    ({"frozen_layers": 40, "method": "freeze"}, r"has 32 layers, not 40"),
    ({"targets": ("query_key",), "method": "lora"}, r"no module is called 'query_key'"),
]


@pytest.mark.parametrize(("fields", "message"), IMPOSSIBLE)
def test_an_impossible_setting_says_what_would_work(fields: dict[str, Any], message: str):
    with pytest.raises(SettingError, match=message):
        ask(model=LLAMA, **fields)


def test_a_sequence_longer_than_the_position_table_is_refused():
    with pytest.raises(SettingError, match="1024 learned positions"):
        ask(model=preset("gpt2"), seq=2048)


def test_a_setting_without_a_model_is_refused():
    with pytest.raises(SettingError, match="give --params N"):
        estimate(Setting())


def test_every_card_has_what_the_estimate_reads():
    for found in all_cards().values():
        assert 0.9 < found.usable_bytes / (found.memory_gb * GIB) < 1.05
        assert found.peak_flops("bf16") > 0
        assert found.bandwidth > 1e11
    assert card("nvidia geforce rtx 4090").name == "RTX-4090"


def test_an_ordinary_setting_is_not_worked_out_twice():
    """The lab page asks again on every slider: a repeated block must come from the cache."""
    from topics.labs.memory import hf_step

    setting = Setting(LLAMA, seq=1024, activations="huggingface")
    estimate(setting)
    before = hf_step._block.cache_info()
    estimate(replace(setting, dp=4, zero=1))
    after = hf_step._block.cache_info()
    assert after.misses == before.misses
    assert after.hits > before.hits
