"""The parallelism lab's page: every kind and preset draws, addresses hold, two settings compare."""

from __future__ import annotations

import ast
import functools
import tomllib
from pathlib import Path

import plotly.graph_objects as go
import pytest
from app_pages import open_alone
from streamlit.testing.v1 import AppTest

from topics.labs.parallel import PipelineSettings, simulate_pipeline
from topics.labs.parallel.charts import gantt, groups, pipeline
from topics.labs.parallel.controls import CONTROLS, command_line, defaults, request
from topics.labs.parallel.curves import figures, scaling_curves
from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.explain_groups import explain
from topics.labs.parallel.export import scaling_csv, timeline_csv
from topics.labs.parallel.phrases import phrases
from topics.labs.parallel.presets import PRESETS
from topics.labs.parallel.request import run
from topics.phrases import speaking

ROOT = Path(__file__).parents[1]
LAB = ROOT / "topics" / "labs" / "parallel"


page = functools.partial(open_alone, "lab_parallel")


def plots(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


@pytest.mark.parametrize("parallel", CONTROLS)
def test_every_kind_of_parallelism_is_drawn(parallel: str) -> None:
    app = page(parallel=parallel)
    assert plots(app) >= (1 if parallel == "collective" else 3)
    assert len(app.metric) >= 3
    assert not app.warning


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_runs_and_its_values_survive_the_address(preset) -> None:  # type: ignore[no-untyped-def]
    controls = {control.name: control for control in CONTROLS[preset.parallel]}
    for name, value in preset.values.items():
        assert controls[name].parse(controls[name].text(value)) == value
    values = {**defaults(preset.parallel), **preset.values}
    answer = run(request(preset.parallel, values))
    assert set(figures(answer.outcome)) <= {line.key for line in explain(answer.outcome)}


def test_an_address_sets_the_controls_and_the_result() -> None:
    app = page(parallel="pp", schedule="gpipe", stages="2", micro_batches="6")
    assert app.selectbox(key="lab-parallel-pp-schedule").value == "gpipe"
    assert app.slider(key="lab-parallel-pp-stages").value == 2
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Step time"] == "21"
    assert metrics["Peak live micro-batches"] == "6"


def test_a_moved_slider_is_in_the_address_and_a_default_is_not() -> None:
    app = page()
    app.slider(key="lab-parallel-pp-micro_batches").set_value(16).run()
    assert app.query_params["micro_batches"] == "16"
    assert {m.label: m.value for m in app.metric}["Bubble over ideal time"] == "18.75%"
    app.slider(key="lab-parallel-pp-micro_batches").set_value(8).run()
    assert "micro_batches" not in app.query_params


@pytest.mark.parametrize(
    "address",
    [
        {"stages": "many"},
        {"stages": "-3"},
        {"stages": "1e99"},
        {"schedule": "pipedream"},
        {"parallel": "teleport"},
        {"forward": "nan"},
    ],
)
def test_an_address_that_makes_no_sense_falls_back_to_defaults(address: dict[str, str]) -> None:
    app = page(**address)
    assert {m.label: m.value for m in app.metric}["Step time"] == "33"


def test_a_setting_that_cannot_run_says_what_would_work() -> None:
    app = page(stages="8", micro_batches="4")
    assert "Use 8 or more micro-batches" in app.warning[0].value
    assert plots(app) == 0 and not app.metric


def test_a_preset_sets_everything_and_is_named_while_it_holds() -> None:
    app = page(comm="3")
    box = app.selectbox(key="lab-parallel-pp-preset")
    assert box.value is None
    box.set_value("interleaved").run()
    assert app.query_params.get("schedule") == "interleaved" and "comm" not in app.query_params
    assert app.selectbox(key="lab-parallel-pp-preset").value == "interleaved"


def test_two_settings_stand_side_by_side_and_the_second_begins_as_the_first() -> None:
    app = page(micro_batches="16")
    alone = plots(app)
    app.toggle(key="lab-parallel-compare").set_value(True).run()
    assert app.query_params["b_micro_batches"] == "16"
    assert plots(app) == 2 * alone
    app.selectbox(key="lab-parallel-b_pp-schedule").set_value("zb-h1").run()
    steps = [metric for metric in app.metric if metric.label == "Step time"]
    assert [step.value for step in steps] == ["57", "51"]
    assert steps[1].delta == "-10.5%"
    app.toggle(key="lab-parallel-compare").set_value(False).run()
    assert set(app.query_params) == {"micro_batches"}


def test_another_kind_begins_with_its_defaults() -> None:
    app = page(parallel="zero", ranks="64")
    app.button_group(key="lab-parallel-kind").set_value("ep").run()
    assert app.query_params["parallel"] == "ep" and "ranks" not in app.query_params


def test_the_command_shown_gives_the_figures_shown(capsys: pytest.CaptureFixture[str]) -> None:
    import json
    import shlex

    from app.__main__ import main

    for parallel in CONTROLS:
        asked = request(parallel, defaults(parallel))
        words = shlex.split(command_line(asked))[3:]
        assert main([*words, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        ours = figures(run(asked).outcome)
        assert found["makespan"] == pytest.approx(ours.get("step_time", ours.get("seconds")))


# What the page draws


def test_a_bar_for_every_operation_until_there_are_too_many() -> None:
    few = simulate_pipeline(PipelineSettings("zb-v", 4, 8))
    drawn = gantt.timeline_chart(few)
    assert sum(len(trace.x) for trace in drawn.data) == few.n_events
    many = simulate_pipeline(PipelineSettings("1f1b", 64, 256))
    assert isinstance(gantt.timeline_chart(many).data[0], go.Heatmap)


def test_every_second_chunk_has_a_colour_of_its_own_in_the_legend_too() -> None:
    drawn = gantt.timeline_chart(simulate_pipeline(PipelineSettings("interleaved", 2, 4)))
    colours = {trace.name: trace.marker.color for trace in drawn.data}
    assert len(set(colours.values())) == len(colours) == 4


def test_bars_of_a_kind_are_numbered_all_or_not_at_all() -> None:
    """Half of the numbers would look like an error; forwards are too short for two digits here."""
    uneven = PipelineSettings("1f1b", 4, 16, None, 0.3, 1.0, 1.0)
    forward, backward = gantt.timeline_chart(simulate_pipeline(uneven)).data
    assert forward.text is None and len(backward.text) == 64


@pytest.mark.parametrize("parallel", ["tp", "sp"])
def test_of_layers_that_are_all_alike_the_first_two_are_in_view(parallel: str) -> None:
    result = run({"parallel": parallel, "layers": 8}).outcome
    until = groups.first_layers(result)
    whole = max(w.end for w in result.timeline if "forward 7" in w.name)
    assert until == pytest.approx(whole / 4)
    drawn = groups.lanes_chart(result, until=until)
    assert drawn.layout.xaxis.range == (0, until * 1e3)
    assert sum(len(trace.x) for trace in drawn.data) == len(result.timeline)


def test_two_settings_share_one_time_axis() -> None:
    short = simulate_pipeline(PipelineSettings("zb-h1", 2, 4))
    for chart in (gantt.timeline_chart, pipeline.memory_chart):
        assert chart(short, until=100.0).layout.xaxis.range == (0, 100)
        assert chart(short).layout.xaxis.range == (0, short.makespan)


def test_the_picture_shows_what_runs_in_the_middle_of_each_slice() -> None:
    result = simulate_pipeline(PipelineSettings("zb-h1", 3, 4))
    shown, which = gantt.slices(result, n_slices=450)
    length = result.makespan / 450
    for event in result.events():
        cells = slice(round(event.start / length) + 1, round(event.end / length) - 1)
        assert (which[event.rank, cells] == event.micro_batch).all()
        assert (shown[event.rank, cells] == [0.5, 1.5, 2.5, 1.5][event.kind]).all()
    idle = (which == -1).sum() * length
    assert idle == pytest.approx(3 * result.makespan - result.busy.sum(), abs=3 * 12 * 2 * length)


def test_bubble_curves_fall_and_end_at_the_simulated_rate() -> None:
    curves = pipeline.bubble_curves(PipelineSettings("1f1b", 4, 8))
    for points in curves.values():
        rates = [rate for _, rate in points]
        assert rates == sorted(rates, reverse=True)
    assert dict(curves["1f1b"])[8] == pytest.approx(3 / 11)
    drawn = pipeline.bubble_chart(curves, "1f1b")
    assert [trace.name for trace in drawn.data][:2] == ["GPipe", "1F1B"]


@pytest.mark.parametrize("n", [1, 5, 6, 100])
def test_memory_is_drawn_for_the_first_and_the_last_rank_and_few_between(n: int) -> None:
    ranks = pipeline.some_ranks(n)
    assert ranks[0] == 0 and ranks[-1] == n - 1 and len(ranks) <= 5


@pytest.mark.parametrize("parallel", ["zero", "tp", "sp", "ep", "plan"])
def test_scaling_curves_start_at_full_efficiency(parallel: str) -> None:
    asked = request(parallel, defaults(parallel))
    curves = scaling_curves(parallel, asked, run(asked).outcome)
    assert curves and all(points[0].efficiency == 1 for points in curves.values())
    assert max(p.n_gpus for points in curves.values() for p in points) >= 32
    assert len(groups.scaling_chart(curves).data) == len(curves)


def test_csv_has_a_row_for_every_operation() -> None:
    answer = run({"stages": 2, "micro_batches": 3})
    lines = timeline_csv(answer).splitlines()
    assert lines[0] == "rank,stage,chunk,kind,micro_batch,start,end"
    assert lines[1] == "0,0,0,forward,0,0.0,1.0"
    assert len(lines) == 1 + 12
    for parallel in ("zero", "plan", "collective"):
        assert len(timeline_csv(run({"parallel": parallel})).splitlines()) > 1
    curve = run({"parallel": "tp", "gpus": "1,2"}).scaling
    assert len(scaling_csv([("weak", curve)]).splitlines()) == 3


# Two languages


def sentences() -> set[str]:
    """Every English sentence that the lab says, and the names of amounts it translates."""
    found = set()
    for path in LAB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
                if isinstance(node.args[0], ast.Constant):
                    found.add(node.args[0].value)
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "must_divide":
                found |= {node.args[i].value for i in (0, 2)}
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "must_fit":
                found.add(node.args[0].value)
    for parallel in CONTROLS:
        outcome = run(request(parallel, defaults(parallel))).outcome
        for name in ("memory", "breakdown"):
            found |= set(getattr(outcome, name, {}))
    return found | set(gantt.NAMES.values())


def test_every_sentence_of_the_lab_is_in_chinese_and_no_other() -> None:
    chinese = phrases("zh")
    assert sentences() - set(chinese) == set()
    extra = {"tensor parallel", "data parallel", "pipeline", "buckets", "gathered layers"}
    assert set(chinese) - sentences() - extra == set()
    assert phrases("en") == {}


def test_translations_fill_in_the_same_values() -> None:
    import string

    for english, chinese in phrases("zh").items():
        fields = [{f[1] for f in string.Formatter().parse(x) if f[1]} for x in (english, chinese)]
        assert fields[0] == fields[1], english


def test_the_catalogues_have_the_same_keys() -> None:
    def keys(table: dict, prefix: str = "") -> set[str]:  # type: ignore[type-arg]
        return {
            key
            for name, value in table.items()
            for key in (
                keys(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
            )
        }

    english, chinese = (
        keys(tomllib.loads((ROOT / f"app/locale/lab_parallel.{code}.toml").read_text("utf-8")))
        for code in ("en", "zh")
    )
    assert english == chinese
    for controls in CONTROLS.values():
        assert {f"lab_parallel.control.{control.name}" for control in controls} <= english
    assert {f"lab_parallel.presets.{name}" for name in PRESETS} <= english


def test_a_refusal_is_in_the_readers_language() -> None:
    with speaking(phrases("zh")), pytest.raises(SettingError, match="至少要 4 个 micro-batch"):
        simulate_pipeline(PipelineSettings("1f1b", 4, 3))
