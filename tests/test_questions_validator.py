"""The validator finds what it is there to find: each test breaks a sound question in one way."""

from pathlib import Path

import pytest

from question_bank.catalogue import ROOT, load_question, question_paths
from question_bank.markup import SchemaError
from question_bank.snippets import run_snippets
from question_bank.validator import bank_problems, question_problems, snippet_problems, validate


def broken(tmp_path, name, old, new):
    """A copy of a question in which `old` is replaced by `new`."""
    text = next(ROOT.glob(f"*/{name}.md")).read_text()
    assert old in text, "the question has changed: adapt this test"
    folder = tmp_path / "memory"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.md"
    path.write_text(text.replace(old, new, 1))
    return path


SCHEMA = [
    ("full_tuning_7b", "level: warm-up", "level: easy", "level"),
    ("full_tuning_7b", "level: warm-up", "lvl: warm-up", "lvl"),
    ("full_tuning_7b", "title: Full", "titel: Full", "titel"),
    ("full_tuning_7b", "kind: numeric", "kind: number", "kind"),
    ("full_tuning_7b", "skills: [precision]", "skills: precision", "skills"),
    ("full_tuning_7b", "skills: [precision]", "skills: []", "skills"),
    ("full_tuning_7b", 'covers: ["17.01"]', "covers: [17.01]", "covers"),
    ("full_tuning_7b", "answer: 112 GB", "answer: 112", "answer"),
    ("full_tuning_7b", "answer: 112 GB", "answer: many GB", "answer"),
    ("full_tuning_7b", "unit: GB", "unit: elephants", "unit"),
    ("full_tuning_7b", "key: memory.adam", "key: memory.eve", "key"),
    ("full_tuning_7b", "unit: GB", "unit: GB\ntolerance: wide", "tolerance"),
    ("full_tuning_7b", "## Explanation", "## Explaination", "## Explaination"),
    ("full_tuning_7b", "---\nkind", "kind", "front matter"),
    ("full_tuning_7b", "kind: numeric", "kind: [numeric", "front matter"),
    ("kv_cache_size", "draw: memory.draw_gqa_model", "draw: memory.draw_nothing", "draw"),
    ("kv_cache_size", "draw: memory.draw_gqa_model", "draw: {n: {low: 3, high: 3}}", "draw.n"),
    ("kv_cache_size", "draw: memory.draw_gqa_model", "draw: {n: [3]}", "draw.n"),
    ("kv_cache_formula", "answer: 2*L*h", "answer: 2*L**h**2*", "answer"),
    ("kv_cache_formula", "domain: [1, 128]", "domain: [128, 1]", "symbols.L"),
    ("kv_cache_formula", "  L: {meaning", "  max: {meaning", "symbols.max"),
    ("temperature_direction", "- [x]", "- [ ]", "## Options"),
    ("temperature_direction", "- [ ] It rises", "- It rises", "## Options"),
    ("temperature_direction", "  > This is the effect", "  This is the effect", "## Options"),
    ("decoding_defaults", " => greedy decoding", " -> greedy decoding", "## Pairs"),
    ("top_p_wrong_line", "error_line: 6", "error_line: 60", "error_line"),
    ("top_p_wrong_line", "- 4\n", "- 6\n", "## Suspects"),
    ("softmax_shift", "```python", "```", "prompt"),
    ("repetition_loops", "## Follow-ups", "## Follow-up", "## Follow-up"),
]


@pytest.mark.parametrize(("name", "old", "new", "field"), SCHEMA)
def test_a_file_that_breaks_the_schema_is_refused_by_name_and_field(
    tmp_path, name, old, new, field
):
    path = broken(tmp_path, name, old, new)
    with pytest.raises(SchemaError) as caught:
        load_question(path)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"memory/{name}.md: {field}: ")


UNSOUND = [
    ("full_tuning_7b", "answer: 112 GB", "answer: 14 GB", "but memory.adam"),
    ("full_tuning_7b", "- 14 GB", "- 112 GB", "within the tolerance of the right answer"),
    ("full_tuning_7b", "unit: GB", "unit: GB\ntolerance: 5%", "no longer tells GB from GiB"),
    ("kv_cache_size", "{{n_layers}} layers, ", "", "never shows {{n_layers}}"),
    ("kv_cache_size", "memory.kv_cache_keys_only", "memory.kv_cache_bytes", "no usable numbers"),
    ("kv_cache_size", "draw: memory.draw_gqa_model",
     "draw: {n_layers: [16, 32], n_heads: [32, 48], n_kv_heads: [2, 4], head_dim: [64, 128], "
     "batch: [6, 7], seq_len: [100, 200]}", "answers"),
    ("kv_cache_formula", "answer: 2*L*h", "answer: L*h", "but memory.kv_cache_formula gives"),
    ("kv_cache_formula", "- 2Lhdsbw", "- Lhdsbw", "is not accepted"),
    ("kv_cache_formula", "- `L*h*d*s*b*w`", "- `L*h*d*s*b*w*2`", "is equal to the answer"),
    ("temperature_direction", "This is the effect of a large $T$. At $T = 2$ the third token has "
     "0.194; at $T = 0.5$ it has 0.019.", "This is wrong.", "too short to say why"),
    ("softmax_shift", "- `False False`", "- `True False`", "is what the snippet prints"),
    ("top_p_claims", "At least one token is always kept.", "All of the above.", "refers to other"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "said"), UNSOUND)
def test_an_unsound_question_is_reported(tmp_path, name, old, new, said):
    question = load_question(broken(tmp_path, name, old, new))
    problems = list(question_problems(question))
    assert any(said in problem for problem in problems), problems


SNIPPETS = [
    (
        "softmax_shift",
        "```text\nTrue False",
        "```text\nFalse True",
        "running it gives 'True False'",
    ),
    ("softmax_shift", "print(np", "print(numpie", "NameError"),
    ("top_p_wrong_line", "cumulative <= p", "cumulative - probs[order] < p", "should fail it, but"),
    (
        "top_p_wrong_line",
        "cumulative - probs[order] < p",
        "cumulative < p",
        "the fixed block gives",
    ),
]


@pytest.mark.parametrize(("name", "old", "new", "said"), SNIPPETS)
def test_a_snippet_that_does_not_do_what_its_file_says_is_reported(tmp_path, name, old, new, said):
    problems = snippet_problems([load_question(broken(tmp_path, name, old, new))])
    assert [said in str(problem) for problem in problems] == [True], problems


def test_a_reworded_copy_is_a_near_duplicate(tmp_path):
    copy = broken(tmp_path, "kv_cache_size", "How large is", "What is the size of")
    original = next(ROOT.glob("*/kv_cache_size.md"))
    problems = bank_problems([load_question(original), load_question(copy)])
    assert any("reword or merge" in str(problem) for problem in problems)


def test_one_broken_file_does_not_hide_another(tmp_path):
    paths = [
        broken(tmp_path, "full_tuning_7b", "level: warm-up", "level: easy"),
        broken(tmp_path, "softmax_shift", "True False", "True True"),
    ]
    named = {problem.path.stem for problem in validate(paths)}
    assert named == {"full_tuning_7b", "softmax_shift"}


def test_snippets_run_apart_from_one_another():
    ran = run_snippets(["x = 1\nprint(x)", "print(x)"])
    assert (ran[0].printed, ran[1].error) == ("1\n", "NameError")


def test_discovery_finds_each_topic_and_takes_siblings_for_other_languages():
    paths = question_paths()
    assert {path.parent.name for path in paths} >= {"decoding", "memory"}
    assert all(path.name.count(".") == 1 for path in paths)
    assert Path(ROOT / "README.md") not in paths
