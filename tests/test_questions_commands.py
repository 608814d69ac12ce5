"""`ask`, `review` and `questions` in the terminal."""

import json
import subprocess
import sys

import pytest

from app.store import Store
from question_bank.catalogue import all_questions


def app(*arguments, typed=""):
    """Run a command with lines typed into it."""
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments], input=typed, capture_output=True, text=True
    )


def test_questions_lists_every_question_as_json():
    done = app("questions", "--json")
    listed = json.loads(done.stdout)
    assert {entry["id"] for entry in listed} == set(all_questions())
    wanted = {"id", "topic", "kind", "level", "skills", "parametrised"}
    assert all(wanted <= set(entry) for entry in listed)
    assert sum(entry["parametrised"] for entry in listed) >= 2


def test_questions_can_be_narrowed():
    done = app("questions", "--topic", "memory", "--kind", "formula", "--json")
    assert {(q["topic"], q["kind"]) for q in json.loads(done.stdout)} == {("memory", "formula")}
    assert "no question matches" in app("questions", "--topic", "cooking").stderr


def test_ask_grades_explains_and_records():
    done = app("ask", "full_tuning_7b", typed="14 GB\n")
    assert done.returncode == 1
    assert "half-precision weights alone" in done.stdout
    assert "Answer: 112 GB" in done.stdout
    with Store.open() as store:
        assert [(a.question, a.correct) for a in store.answers()] == [("full_tuning_7b", False)]
        assert [card.item for card in store.review_cards()] == ["full_tuning_7b"]


def test_ask_says_what_it_cannot_use():
    done = app("ask", "--topic", "cooking")
    assert done.returncode == 2
    assert "topics are attention, decoding" in done.stderr
    done = app("ask", "--count", "0")
    assert done.returncode == 2
    assert "at least 1" in done.stderr


def test_ask_asks_again_until_it_understands():
    done = app("ask", "kv_cache_formula", typed="1/2L\n2Lhdsbw\n")
    assert done.returncode == 0
    assert "1/2L\n   ^" in done.stdout
    assert "two ways" in done.stdout


def test_ask_gives_other_numbers_the_next_time():
    first = app("ask", "kv_cache_size", "--json", typed="1 GiB\n")
    second = app("ask", "kv_cache_size", "--json", typed="1 GiB\n")
    a, b = json.loads(first.stdout), json.loads(second.stdout)
    assert a["seed"] != b["seed"]
    assert a["answer"] != b["answer"]


def test_ask_without_recording_leaves_no_trace():
    app("ask", "full_tuning_7b", "--no-record", typed="112\n")
    with Store.open() as store:
        assert store.answers() == []


def test_ask_ends_on_q_and_at_the_end_of_input():
    assert app("ask", "--topic", "memory", typed="q\n").returncode == 0
    assert app("ask", "--topic", "memory").returncode == 0


@pytest.mark.parametrize("arguments", [("ask", "kv_cach_size"), ("ask", "--topic", "cooking")])
def test_ask_for_what_is_not_there_is_a_usage_error(arguments):
    done = app(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_review_offers_intervals_and_takes_a_rating():
    done = app("review", "--topic", "memory", typed="112 GB\n4\nq\n" * 3)
    assert "1 again (1 min)" in done.stdout
    assert "4 easy" in done.stdout
    with Store.open() as store:
        assert store.reviews()[0].rating == 4


def test_review_lists_what_is_due_as_json():
    listed = json.loads(app("review", "--json").stdout)
    assert set(listed) == {"due", "new", "done_today", "waiting"}
    assert listed["due"] == []
    assert 0 < len(listed["new"]) <= 10
