"""Inverse questions: the answer fits, and one more does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from topics.labs.memory import Setting, SettingError, estimate, preset
from topics.labs.memory.inverse import (
    cheapest_plans,
    fewest_gpus,
    fits,
    largest_batch,
    largest_params,
    longest_seq,
    solve,
)
from topics.labs.memory.memory import needed
from topics.labs.memory.setting import resolved

LORA = Setting(preset("llama-3-8b"), method="lora", seq=1024, card="H100", recompute="full")
SERVE = Setting(preset("qwen2.5-7b"), mode="inference", seq=4096, card="L40S")


@pytest.mark.parametrize("setting", [LORA, SERVE])
def test_the_largest_batch_fits_and_one_more_does_not(setting: Setting):
    batch = largest_batch(setting)
    assert fits(replace(setting, batch=batch))
    assert not fits(replace(setting, batch=batch + 1))


@pytest.mark.parametrize("setting", [LORA, SERVE])
def test_the_longest_sequence_fits_and_one_more_token_does_not(setting: Setting):
    seq = longest_seq(setting)
    assert fits(replace(setting, seq=seq))
    assert not fits(replace(setting, seq=seq + 1))


def test_a_learned_position_table_ends_the_search():
    assert longest_seq(Setting(preset("gpt2"), card="H100")) == 1024
    assert longest_seq(Setting(preset("opt-125m"), card="H100")) == 2048


def test_nothing_fits_is_an_answer_with_advice():
    found = solve("batch", Setting(preset("llama-3-70b"), card="T4"))
    assert found.answer == 0
    assert "--method lora or qlora" in found.text


def test_the_fewest_cards_hold_the_model_and_half_of_them_do_not():
    setting = Setting(preset("llama-3-70b"), seq=1024, card="H100", recompute="full")
    best = fewest_gpus(setting)
    assert best
    assert fits(best.setting)
    layouts = [(dp, tp) for tp in (1, 2, 4, 8) if (dp := best.gpus // 2 // tp)]
    for dp, tp in layouts:
        for zero in range(4):
            assert not fits(replace(setting, dp=dp, tp=tp, zero=zero))


UNEVEN = [
    Setting(preset("deepseek-v3"), dp=4, tp=2, pp=8, zero=1, card="H100"),
    Setting(preset("llama-3-8b"), pp=5, accumulate=8, activations="huggingface", card="A100"),
    Setting(preset("t5-3b"), pp=4, chunks=2, seq=512, memory=80e9),
    Setting(preset("gpt2"), mode="inference", pp=3, card="T4"),
]


@pytest.mark.parametrize("setting", UNEVEN)
def test_a_search_asks_for_the_same_total_as_the_estimate(setting: Setting):
    assert needed(resolved(setting)) == estimate(setting).total


def test_serving_splits_one_model_over_the_cards():
    best = fewest_gpus(Setting(preset("llama-3-70b"), mode="inference", seq=4096, card="A100"))
    assert best
    assert (best.setting.dp, best.setting.tp * best.setting.pp) == (1, best.gpus)


def test_zero_2_makes_room_for_seven_times_the_model():
    plain = Setting(memory=32e9, dp=64)
    assert largest_params(plain) == pytest.approx(2e9)
    assert largest_params(replace(plain, zero=2)) == pytest.approx(14.42e9, rel=1e-3)


def test_plans_come_cheapest_first_and_all_fit():
    setting = replace(LORA, card="", tokens=1e8)
    plans = cheapest_plans(setting)
    assert [p.money for p in plans] == sorted(p.money for p in plans)
    assert all(p.total <= p.memory for p in plans)
    assert len({p.card for p in plans}) == len(plans)


def test_a_question_without_a_card_says_what_is_missing():
    with pytest.raises(SettingError, match="name a card with --gpu, or give --memory"):
        solve("batch", replace(LORA, card=""))


def test_an_unknown_question_is_refused():
    with pytest.raises(SettingError, match="batch, seq, gpus, params, plan"):
        solve("speed", LORA)
