"""Grading of each kind: what is right, what gets part of the score, what is said."""

import re

import pytest

from question_bank.catalogue import (
    QuestionNotFoundError,
    all_questions,
    answer_from_text,
    get_question,
    grade_answer,
    right_answer,
    show_question,
)
from question_bank.kinds.common import AnswerError
from question_bank.kinds.output import same_output
from question_bank.messages import catalogue


def shown(name, seed=0):
    return show_question(get_question(name), seed)


def test_shuffled_options_are_graded_by_what_they_say():
    for seed in range(12):
        one = shown("temperature_direction", seed)
        right = next(i for i, text in enumerate(one.choices) if text.startswith("It falls"))
        assert [grade_answer(one, i).correct for i in range(4)] == [i == right for i in range(4)]
    assert len({shown("temperature_direction", seed).choices for seed in range(12)}) > 5


def test_every_option_of_a_choice_is_explained():
    grade = grade_answer(shown("temperature_direction"), 0)
    assert len(grade.parts) == 4
    assert all(part.explanation for part in grade.parts)
    assert [part.chosen for part in grade.parts].count(True) == 1


def test_several_choices_give_part_of_the_score_only_above_guessing():
    one = shown("top_p_claims")
    right = right_answer(one)
    assert grade_answer(one, right).score == 1
    half = grade_answer(one, right[:1])
    assert not half.correct
    assert 0 < half.score < 1
    assert grade_answer(one, tuple(range(len(one.choices)))).score == 0


def test_two_answers_to_a_single_choice_are_asked_again():
    assert not grade_answer(shown("temperature_direction"), (0, 1)).understood


def test_an_order_scores_by_pairs_and_never_starts_solved():
    for seed in range(30):
        one = shown("sampling_pipeline", seed)
        assert one.order != tuple(sorted(one.order))
    right = right_answer(one)
    swapped = (right[1], right[0], *right[2:])
    assert grade_answer(one, right).correct
    assert grade_answer(one, swapped).score == pytest.approx(1 - 2 / 15)
    assert grade_answer(one, right[::-1]).score == 0
    assert not grade_answer(one, right[:-1]).understood


def test_a_match_scores_by_pair():
    one = shown("decoding_defaults", 4)
    right = right_answer(one)
    wrong = (right[1], *right[1:])
    assert grade_answer(one, right).correct
    assert grade_answer(one, wrong).score == 0.75
    assert not grade_answer(one, (99, *right[1:])).understood


def test_an_output_is_compared_by_value_and_not_by_white_space():
    assert same_output(" True\n False ", "True False")
    assert same_output("[0.09,0.2447]", "[0.0900, 0.2447]")
    assert not same_output("[0.08, 0.2447]", "[0.0900, 0.2447]")
    assert not same_output("1", "1.0")
    assert not same_output("True", "true")
    assert not same_output("3", "-3")
    assert "cancels" in grade_answer(shown("softmax_shift"), "False False").message


def test_a_suspect_line_is_cleared_with_its_reason():
    one = shown("top_p_wrong_line")
    assert grade_answer(one, 5).correct
    assert "running sum" in grade_answer(one, 4).message
    assert not grade_answer(one, 77).understood


def test_an_open_answer_needs_every_essential_point():
    one = shown("repetition_loops")
    assert grade_answer(one, (0, 1, 2, 3)).correct
    missing = grade_answer(one, (0, 1, 2, 4, 5, 6))
    assert not missing.correct
    assert "remove duplicated text" in missing.message
    assert grade_answer(one, ()).score == 0


def test_a_formula_names_the_misconception_and_shows_how_it_was_read():
    one = shown("kv_cache_formula")
    grade = grade_answer(one, "2Lhdsw")
    assert "multiply by $b$" in grade.message
    assert grade.read_as == "2 * L * h * d * s * w"
    assert grade_answer(one, "2 L h d s b w").correct
    assert grade_answer(one, "2Lhdsb(").caret.endswith("^")


def test_typed_answers_become_choices():
    one = shown("temperature_direction")
    assert answer_from_text(one, " 2 ") == (1,)
    assert answer_from_text(one, "b, D") == (1, 3)
    for text in ("", "5", "0", "x", "-1", "1 9", "²", "12345678901"):
        with pytest.raises(AnswerError):
            answer_from_text(one, text)


def test_the_right_answer_of_every_question_is_right_when_typed_too():
    typed = {"single", "multiple", "order", "match"}
    for question in all_questions().values():
        one = show_question(question, 11)
        answer = right_answer(one)
        if question.kind in typed:
            text = " ".join(str(index + 1) for index in answer)
            assert answer_from_text(one, text) == answer
        assert grade_answer(one, answer).correct, question.id


def test_answers_as_json_lists_are_graded_alike():
    one = shown("top_p_claims")
    assert grade_answer(one, list(right_answer(one))).correct


def test_an_unknown_question_is_refused_with_near_ones():
    with pytest.raises(QuestionNotFoundError, match="kv_cache_formula"):
        get_question("kv_cache_forumla")


def test_importing_the_bank_brings_in_neither_torch_nor_streamlit_nor_duckdb_nor_sympy():
    import subprocess
    import sys

    code = (
        "import sys, question_bank.catalogue as c; c.all_questions(); "
        "print([m for m in ('torch', 'streamlit', 'duckdb', 'sympy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_graders_say_the_same_in_every_language():
    english, chinese = catalogue("en"), catalogue("zh")
    assert set(english) == set(chinese)
    for code, sentence in english.items():
        gaps = sorted(re.findall(r"\{(\w+)\}", sentence))
        assert sorted(re.findall(r"\{(\w+)\}", chinese[code])) == gaps, code
