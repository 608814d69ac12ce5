"""The audit of every drill: what must pass passes, what must fail fails and is told apart."""

import re

import pytest

from drills.catalogue import DrillNotFoundError, all_drills, get_drill, load_drill
from topics.skills import all_skills
from verifiers.audit import audit, equivalent_mutants
from verifiers.workbench import solutions_in

DRILLS = all_drills()
FIRST = """
    softmax_temperature scaled_dot_product_attention multi_head_attention rope layer_norm
    lora_forward lora_merge max_pool_backward top_p_filter cosine_warmup ring_all_reduce
    one_f_one_b_schedule training_memory kv_cache_bytes
"""


def test_the_first_fourteen_are_here():
    assert set(FIRST.split()) <= set(DRILLS)


@pytest.mark.parametrize("drill_id", DRILLS)
def test_the_verifier_is_proven(judge, drill_id):
    report = audit(judge, DRILLS[drill_id].spec, seeds=20, engine_seeds=4)
    assert report.passed, report.to_dict()
    assert report.mistakes >= 5
    assert report.alternates >= 2


@pytest.mark.parametrize("drill_id", DRILLS)
def test_the_folder_is_complete(drill_id):
    drill = DRILLS[drill_id]
    assert len(drill.hints) >= 3
    assert "### " in drill.statement, "a worked example under a heading of its own"
    assert drill.entry in drill.statement
    assert set(drill.skills) <= set(all_skills())
    assert set(drill.prerequisites) <= set(DRILLS)
    names = {path.name for path in drill.spec.folder.iterdir() if path.is_file()}
    required = {"statement.md", "starter.py", "reference.py", "mistakes.py", "alternates.py"}
    assert required | {"checks.py"} <= names
    allowed = required | {"checks.py", "timing.py", "equivalent_mutants.toml"}
    assert all(name in allowed or re.fullmatch(r"statement\.\w\w\.md", name) for name in names)


@pytest.mark.parametrize("drill_id", DRILLS)
def test_every_mistake_explains_itself_to_the_learner(drill_id):
    for name, mistake in solutions_in(DRILLS[drill_id].spec.mistakes_path).items():
        text = mistake.__doc__ or ""
        assert len(text.split()) >= 8, name
        assert text.rstrip().endswith((".", ")", "?")), name


@pytest.mark.parametrize("drill_id", DRILLS)
def test_explained_mutants_have_reasons(drill_id):
    for change, reason in equivalent_mutants(DRILLS[drill_id].spec).items():
        assert len(reason.split()) >= 4, change


@pytest.mark.parametrize("drill_id", DRILLS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_displayed_formulas_stand_on_one_line(drill_id, language):
    """The page draws anything else in red."""
    drill = get_drill(drill_id, language)
    for line in "\n".join([drill.statement, *drill.hints]).splitlines():
        assert line.count("$$") in (0, 2), line


def test_a_translation_asks_for_the_same(drill_id="softmax_temperature"):
    english, chinese = get_drill(drill_id), get_drill(drill_id, "zh")
    assert chinese.title != english.title
    assert chinese.spec == english.spec
    assert len(chinese.hints) == len(english.hints)


def test_an_unknown_drill_is_answered_with_near_ones():
    with pytest.raises(DrillNotFoundError, match="softmax_temperature"):
        get_drill("softmax_temprature")


def test_a_broken_statement_names_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr("drills.catalogue.ROOT", tmp_path)
    folder = tmp_path / "topic" / "drill"
    folder.mkdir(parents=True)
    (folder / "statement.md").write_text("---\ntitle: x\n---\nbody")
    with pytest.raises(ValueError, match=r"topic/drill/statement\.md"):
        load_drill(folder)


def test_the_first_mistake_of_a_beginner_is_named_among_others(judge):
    """Three things are wrong here, and what the worked example shows is said first."""
    verdict = judge.judge(
        get_drill("softmax_temperature").spec,
        "import torch\n"
        "def softmax_temperature(logits, temperature, dim=-1):\n"
        "    e = torch.exp(logits * temperature)\n"
        "    return e / e.sum(dim, keepdim=True)\n",
        seed=3,
    )
    assert verdict.diagnosis and verdict.diagnosis.mistake == "multiplies_by_temperature"
    assert verdict.diagnosis.explanation.startswith("In “the example”, “values”")
    assert "This does not explain" in verdict.diagnosis.explanation
