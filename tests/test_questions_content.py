"""Every question of the bank is well-formed, provable by its own file, and asked only once."""

import pytest

from drills.catalogue import all_drills
from question_bank.catalogue import all_questions, question_paths
from question_bank.validator import (
    bank_problems,
    load_all,
    question_problems,
    snippet_problems,
)

QUESTIONS, SCHEMA_PROBLEMS = load_all(question_paths())
IDS = [f"{question.topic}/{question.id}" for question in QUESTIONS]


def test_every_file_can_be_read():
    assert [str(problem) for problem in SCHEMA_PROBLEMS] == []
    assert set(all_questions()) == {question.id for question in QUESTIONS}


@pytest.mark.parametrize("question", QUESTIONS, ids=IDS)
def test_the_question_is_sound(question):
    assert list(question_problems(question)) == []


def test_the_bank_is_large_enough_and_covers_its_topics():
    computed = [q for q in QUESTIONS if q.parametrised or q.kind == "formula"]
    assert len(QUESTIONS) >= 150
    assert len(computed) >= 40
    assert sum(q.kind == "open" for q in QUESTIONS) >= 20
    covered = {row for question in QUESTIONS for row in question.covers}
    # The rows of the list of interview questions that belong to these topics.
    parts = {"03": 10, "04": 4, "05": 4, "07": 5, "10": 6, "14": 3, "16": 6, "17": 5, "23": 4}
    rows = {f"{part}.{row:02}" for part, last in parts.items() for row in range(1, last + 1)}
    rows |= {"06.01", "18.08", "22.07", "24.01", "24.02", "24.03", "24.04"}
    assert rows <= covered
    assert {1, 2, 3, 4, 5, 10, 11} <= {trap for question in QUESTIONS for trap in question.traps}


def test_every_snippet_prints_what_its_file_says_and_every_planted_error_is_one():
    assert [str(problem) for problem in snippet_problems(QUESTIONS)] == []


def test_no_two_questions_ask_nearly_the_same():
    assert [str(problem) for problem in bank_problems(QUESTIONS)] == []


@pytest.mark.parametrize("question", QUESTIONS, ids=IDS)
def test_its_skills_and_drills_exist(question):
    from topics.skills import all_skills

    assert set(question.skills) <= set(all_skills())
    planned = set(question.drills) - set(all_drills())
    assert not planned, f"no such drill: {planned}"


def test_chinese_forms_ask_the_same_question():
    for path in question_paths(language="zh"):
        if path.name.endswith(".zh.md"):
            chinese = all_questions("zh")[path.name.split(".")[0]]
            english = all_questions()[chinese.id]
            assert structure(chinese) == structure(english), chinese.id


def structure(question):
    """What translation must not change: the kind, the key, and which options are right."""
    body = question.body
    ticks = [[item.ticked for item in getattr(body, name, ())] for name in ("options", "points")]
    fields = ("key", "values", "draw", "text", "wrong", "right")
    keys = [getattr(body, name, None) for name in fields]
    return (question.kind, question.level, question.skills, question.drills, ticks, keys)
