"""The memory lab's page: scenarios draw, addresses hold, two settings compare, both languages."""

from __future__ import annotations

import ast
import functools
import json
import shlex
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest
from app_pages import open_alone
from streamlit.testing.v1 import AppTest

from app.__main__ import main
from app.ui.lab_memory import EXPLAINED, WORDS
from topics.labs.memory import Setting, SettingError, estimate, preset
from topics.labs.memory.charts import bars, curves
from topics.labs.memory.controls import command_line, controls, defaults, groups, request
from topics.labs.memory.export import lines_csv, moments_csv
from topics.labs.memory.lines import KEYS, LABELS, WHEN, WHY_TEMPORARY
from topics.labs.memory.phrases import phrases
from topics.labs.memory.request import setting_from
from topics.labs.memory.scenarios import scenarios
from topics.phrases import speaking

ROOT = Path(__file__).parents[1]
LAB = ROOT / "topics" / "labs" / "memory"


page = functools.partial(open_alone, "lab_memory")


def figures(app: AppTest) -> list[str]:
    return [metric.value for metric in app.metric if metric.label == "Memory per GPU"]


@pytest.mark.parametrize("name", scenarios())
def test_every_scenario_is_estimated_and_survives_the_address(name: str):
    values = scenarios()[name]
    for key, value in values.items():
        assert controls()[key].parse(controls()[key].text(value)) == value
    answer = estimate(setting_from(request(values)))
    assert answer.fit
    assert answer.cost


def test_the_page_shows_memory_against_the_card():
    app = page(method="qlora", recompute="full", gpu="RTX-4090")
    assert app.metric[0].delta.startswith("fits, ")
    assert len(app.get("plotly_chart")) == 3
    assert not app.warning


def test_a_moved_slider_is_in_the_address_and_a_default_is_not():
    app = page(method="lora")
    before = figures(app)
    app.select_slider(key="lab-memory-seq").set_value(4096).run()
    assert app.query_params["seq"] == "4096"
    assert figures(app) != before
    app.select_slider(key="lab-memory-seq").set_value(2048).run()
    assert "seq" not in app.query_params
    assert figures(app) == before


def test_a_scenario_sets_everything_and_is_named_while_it_holds():
    app = page(dp="64")
    box = app.selectbox(key="lab-memory-scenario")
    assert box.value is None
    box.set_value("serve-70b").run()
    assert app.query_params["model"] == "llama-3.1-70b"
    assert "dp" not in app.query_params
    assert app.selectbox(key="lab-memory-scenario").value == "serve-70b"


@pytest.mark.parametrize(
    "address", [{"model": "no-such"}, {"seq": "-1"}, {"batch": "x"}, {"gpu": "Z80"}, {"mfu": "9"}]
)
def test_an_address_that_makes_no_sense_falls_back_to_defaults(address: dict[str, str]):
    assert figures(page(**address)) == figures(page())


def test_an_impossible_setting_says_what_would_work():
    app = page(model="gpt2", seq="4096")
    assert "1024 learned positions" in app.warning[0].value
    assert not app.metric


def test_a_pasted_config_is_a_model_and_nonsense_is_refused():
    config = {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257}
    app = page(model="config.json", seq="1024", config=json.dumps(config))
    assert {m.label: m.value for m in app.metric}["Parameters"] == "124.4M"
    assert "not JSON" in page(model="config.json", config="{").warning[0].value


def test_a_bare_size_needs_no_model():
    app = page(model="size", params_b="7")
    assert figures(app) == ["112.0 GB"]


def test_two_settings_stand_side_by_side_and_the_second_is_measured_by_the_first():
    app = page(method="lora", recompute="full")
    app.toggle(key="lab-memory-compare").set_value(True).run()
    assert app.query_params["b_method"] == "lora"
    app.selectbox(key="lab-memory-b_method").set_value("qlora").run()
    deltas = [m.delta for m in app.metric if m.label == "Memory per GPU"]
    assert deltas[1].startswith("-")
    assert deltas[1].endswith("%")
    app.toggle(key="lab-memory-compare").set_value(False).run()
    assert not [name for name in app.query_params if name.startswith("b_")]


def test_an_inverse_question_is_answered_on_the_page():
    app = page(method="qlora", recompute="full", gpu="RTX-4090", solve="batch")
    assert any("largest batch that fits" in m.value for m in app.markdown)
    assert page(solve="plan", mode="inference").dataframe


def test_every_amount_is_explained_with_its_formula_and_source():
    text = " ".join(m.value for m in page(model="llama-2-7b").markdown)
    assert "6.738B × 2 B" in text
    assert "arXiv 1910.02054" in text


def test_the_command_shown_gives_the_total_shown(capsys: pytest.CaptureFixture[str]):
    for values in scenarios().values():
        asked = request(values)
        words = shlex.split(command_line(asked))[3:]
        assert main([*words, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        ours = estimate(setting_from(asked)).total
        assert found["per_gpu_bytes"]["total"] == pytest.approx(ours)


# What the page draws


def test_bars_add_up_to_the_total_and_the_card_is_a_line():
    answer = estimate(Setting(preset("llama-3-8b"), seq=1024, card="H100"))
    drawn = bars.gpu_chart(answer)
    assert sum(trace.x[0] for trace in drawn.data) == pytest.approx(answer.total / 1e9)
    assert {trace.name for trace in drawn.data} <= set(LABELS.values())
    assert len(drawn.layout.shapes) == 1


def test_a_pipeline_has_a_bar_per_stage():
    answer = estimate(Setting(preset("llama-3-8b"), seq=1024, pp=4, card="H100"))
    assert list(bars.gpu_chart(answer).data[0].y) == [f"stage {i}" for i in range(4)]


def test_memory_grows_with_batch_and_length():
    answer = estimate(Setting(preset("llama-3-8b"), seq=1024, batch=8, card="H100"))
    for field in ("batch", "seq"):
        totals = [point.total for point in curves.growth(answer, field)]
        assert totals == sorted(totals)
        assert answer.total in totals


def test_growth_stops_where_a_position_table_ends():
    answer = estimate(Setting(preset("gpt2"), seq=512, card="H100"))
    assert curves.growth(answer, "seq")[-1].size == 1024


def test_csv_has_a_row_for_every_amount_and_moment():
    answer = estimate(Setting(preset("gpt2"), activations="huggingface", card="H100"))
    assert len(lines_csv(answer).splitlines()) == 1 + len(KEYS) + 1
    assert len(moments_csv(answer).splitlines()) == 1 + len(answer.worst.moments)


# Two languages


def sentences() -> set[str]:
    """Every English sentence that the lab says."""
    found = set()
    for path in LAB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "")
            if called in ("say", "refuse") and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    for named in (LABELS, WHEN, WHY_TEMPORARY, bars.MOMENTS):
        found |= set(named.values())
    return found


def test_every_sentence_of_the_lab_is_in_chinese_and_no_other():
    assert set(phrases("zh")) == sentences()
    assert phrases("en") == {}


def test_translations_fill_in_the_same_values():
    for english, chinese in phrases("zh").items():
        fields = [{f[1] for f in string.Formatter().parse(x) if f[1]} for x in (english, chinese)]
        assert fields[0] == fields[1], english


def keys(table: dict[str, Any], prefix: str = "") -> set[str]:
    found = set()
    for name, value in table.items():
        inside = isinstance(value, dict)
        found |= keys(value, f"{prefix}{name}.") if inside else {prefix + name}
    return found


def test_the_catalogues_have_the_same_keys_and_every_control_its_label():
    english, chinese = (
        keys(tomllib.loads((ROOT / f"app/locale/lab_memory.{code}.toml").read_text("utf-8")))
        for code in ("en", "zh")
    )
    assert english == chinese
    wanted = {f"control.{name}" for name in controls()} | {f"group.{name}" for name in groups()}
    wanted |= {f"scenarios.{name}" for name in scenarios()} | {f"help.{n}" for n in EXPLAINED}
    wanted |= {f"option.{name}-{value}" for name, values in WORDS.items() for value in values}
    assert {f"lab_memory.{name}" for name in wanted} <= english


def test_words_among_the_options_are_options():
    for name, values in WORDS.items():
        assert set(values) <= set(controls()[name].steps)
    assert set(EXPLAINED) <= set(defaults())


def test_a_refusal_is_in_the_readers_language():
    with speaking(phrases("zh")), pytest.raises(SettingError, match="个头不能分到 3 个 rank"):
        estimate(Setting(preset("llama-3-8b"), tp=3))
