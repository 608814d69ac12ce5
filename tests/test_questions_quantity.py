"""Typed numbers: usual ways to write a quantity are read alike, and units mean what they say."""

import pytest

from question_bank.catalogue import get_question, grade_answer, show_question
from question_bank.quantity import QuantityError, read_quantity

BYTES = {
    "112e9": 112e9,
    "112E9": 112e9,
    "112 GB": 112e9,
    "112GB": 112e9,
    "112 gb": 112e9,
    "112G": 112e9,
    "112 billion bytes": 112e9,
    "112,000,000,000": 112e9,
    "112 000 000 000 bytes": 112e9,
    "112_000_000_000": 112e9,
    "112'000'000'000": 112e9,
    "1.12e11 bytes": 112e9,
    "1.12×10^11 bytes": 112e9,
    "1.12 x 10^11": 112e9,
    "1.12*10**11 B": 112e9,
    "1.12·10¹¹": 112e9,
    "0.112 TB": 112e9,
    "112000 MB": 112e9,
    "112 gigabytes": 112e9,
    "about 112 GB": 112e9,
    "≈112 GB": 112e9,
    "~ 112 GB": 112e9,
    "= 112 GB": 112e9,
    "7e9 * 16 bytes": 112e9,
    "7e9*(2+2+12)": 112e9,
    "1120亿": 112e9,
    "１１２ＧＢ": 112e9,
    "104.3 GiB": 104.3 * 2**30,
    "104.3gib": 104.3 * 2**30,
    "1 KiB": 1024,
    "1 kB": 1000,
    "1 KB": 1000,
    "8 Gbit": 1e9,
    "8 Gb": 1e9,
    "2^30": 2**30,
    "2^30 bytes": 2**30,
    "512 MiB": 2**29,
    "16 bytes/parameter": 16,
    "-5 GB": -5e9,
}

OTHERS = [
    ("27.3 %", "ratio", 0.273),
    ("27.3%", "ratio", 0.273),
    ("27.3 percent", "ratio", 0.273),
    ("0.273", "ratio", 0.273),
    ("3/11", "ratio", 3 / 11),
    ("1.75x", "ratio", 1.75),
    ("1.75 ×", "ratio", 1.75),
    ("7B", "parameters", 7e9),
    ("7 B parameters", "parameters", 7e9),
    ("6.74 billion", "parameters", 6.74e9),
    ("8.4M", "parameters", 8.4e6),
    ("8,388,608 params", "parameters", 8388608),
    ("4k tokens", "tokens", 4000),
    ("4.2e22 FLOP", "flop", 4.2e22),
    ("42 ZFLOP", "flop", 4.2e22),
    ("42 zettaFLOPs", None, None),
    ("989 TFLOPS", "flop/s", 989e12),
    ("989 TFLOP/s", "flop/s", 989e12),
    ("3.35 TB/s", "byte/s", 3.35e12),
    ("250 ms", "second", 0.25),
    ("2 h", "second", 7200),
    ("1.5 days", "second", 129600),
    ("1215 GPU-days", "GPU-second", 1215 * 86400),
    ("24 GPU hours", "GPU-second", 86400),
    ("$2.50", "dollar", 2.5),
    ("$0.40/M tokens", "dollar/token", 4e-7),
    ("1500 tokens/s", "token/s", 1500),
    ("sqrt(64)", "number", 8),
    ("3", "micro-batches", 3),
]

UNREADABLE = [
    ("", 0),
    ("GB", 0),
    ("lots", 0),
    ("112 foos", 4),
    ("104,3 GiB", 3),
    ("1,12,3", 1),
    ("1/0", 1),
    ("9**9**9**9", 4),
    ("__import__('os')", 0),
    ("1 GB 2 GB", 2),
    ("5 GB or so", 2),
    ("9" * 200, 120),
    ("(" * 100, 30),
    ("nan", 0),
    ("inf", 0),
    ("0x70", 1),
]


@pytest.mark.parametrize(("text", "value"), BYTES.items())
def test_bytes_are_read_whatever_the_notation(text, value):
    assert read_quantity(text, "byte").value == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("text", "dimension", "value"), [o for o in OTHERS if o[1]])
def test_other_quantities_are_read_in_their_base_unit(text, dimension, value):
    reading = read_quantity(text, dimension)
    assert reading.value == pytest.approx(value, rel=1e-12)
    assert reading.unit is None or reading.unit.dimension == dimension


@pytest.mark.parametrize(("text", "place"), UNREADABLE)
def test_what_cannot_be_read_gets_a_message_and_a_place(text, place):
    with pytest.raises(QuantityError) as caught:
        read_quantity(text, "byte")
    assert caught.value.position == place, str(caught.value)


@pytest.fixture(scope="module")
def full_tuning():
    return show_question(get_question("full_tuning_7b"), 0)


@pytest.mark.parametrize(
    "text", ["112", "112 GB", "112e9", "104.3 GiB", "1.12e11 bytes", "7e9*16", "111 GB", "896 Gbit"]
)
def test_a_right_answer_is_right_in_every_unit(full_tuning, text):
    assert grade_answer(full_tuning, text).correct


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("112 GiB", "binary prefix"),
        ("104.3 GB", "binary prefix"),
        ("112 MB", "off by 1,000"),
        ("896 GB", "bits"),
        ("14 GB", "half-precision weights alone"),
        ("14", "half-precision weights alone"),
        ("120 GB", "binary prefix"),
        ("117 GB", "within 10 %"),
        ("448 GB", "4 times too large"),
        ("16 GB", "7 times too small"),
        ("-112 GB", "explanation"),
        ("112 s", "answered in s"),
        ("112 %", "answered in %"),
    ],
)
def test_a_wrong_answer_is_told_why(full_tuning, text, said):
    grade = grade_answer(full_tuning, text)
    assert grade.understood
    assert not grade.correct
    assert said in grade.message
    assert grade.answer == "112 GB"


def test_an_unreadable_answer_is_not_graded(full_tuning):
    grade = grade_answer(full_tuning, "112 foos")
    assert not grade.understood
    assert grade.caret.split("\n")[1] == "    ^"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("112,0 GB", "Use a point for decimals"),
        ("112.000.000.000", "commas or spaces"),
        ("112 Gb", "means bits"),
        ("112-113 GB", "rather than a range"),
        ("7B*16", "“B” is not understood"),
        ("0x70", "“x70” is not understood"),
        ("112 %%", "not understood"),
    ],
)
def test_another_way_of_writing_is_asked_about_and_not_called_wrong(full_tuning, text, said):
    grade = grade_answer(full_tuning, text)
    assert not grade.understood
    assert said in grade.message


def test_one_separator_may_stand_for_thousands_or_decimals():
    shown = show_question(get_question("prefix_mask_pairs"), 1)
    key = f"{shown.key:.0f}"
    assert len(key) == 4
    assert grade_answer(shown, f"{key[0]},{key[1:]}").correct
    german = grade_answer(shown, f"{key[0]}.{key[1:]}")
    assert not german.understood
    assert key in german.message
    assert grade_answer(shown, "9.999").understood, "only where it would make the answer right"


@pytest.mark.parametrize(
    "text", ["112GB.", "896 gigabits", "896 Gbits", "1120亿字节", "约112 GB。"]
)
def test_harmless_variants_are_read(full_tuning, text):
    assert grade_answer(full_tuning, text).correct


def test_per_cent_and_a_plain_ratio_are_alike_and_a_slip_between_them_is_named():
    shown = show_question(get_question("top_p_leader"), 3)
    for text in (f"{shown.key}", f"{100 * shown.key:.2f} %", f"{100 * shown.key:.2f}"):
        assert grade_answer(shown, text).correct, text
    assert "per cent" in grade_answer(shown, f"{shown.key:.4f} %").message
