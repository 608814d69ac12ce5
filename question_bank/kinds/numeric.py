"""Numeric questions, fixed and parametrised: a key in base units, a unit, a tolerance, mistakes.

A fixed one states its answer and names the function that computes it; the validator holds the
two together. A parametrised one draws its numbers from a seed and computes the key for them.
Known mistakes (`## Mistakes`) are wrong answers with the reason; a learner who gives one reads it.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from question_bank.draws import DrawError, draw_values, read_draw
from question_bank.grade import Grade, unreadable
from question_bank.keys import Key, compute_key, key_function
from question_bank.kinds.common import check_bullets, empty_reasons
from question_bank.markup import Bullet, Document
from question_bank.messages import Note, note
from question_bank.quantity import QuantityError, Reading, read_quantity
from question_bank.question import Question, Shown
from question_bank.template import Measured, fill, gaps
from question_bank.units import Unit, find_unit, in_unit

DEFAULT_TOLERANCE = 0.02  # tells GB from GiB (7 %), MB from MiB (5 %), KB from KiB (2.4 %)
EXACT = 1e-9
DRAW_ATTEMPTS = 60
# `3.746` or `7,800`: thousands to some, decimals to others.
ONE_SEPARATOR = re.compile(r"(?<![\d.,])[1-9]\d{0,2}([.,])\d{3}(?![\d.,])")
PREFIX_STEP = 1.024  # one step between decimal and binary prefixes


@dataclass(frozen=True)
class Numeric:
    """`key` names the function; `values` are its arguments, or `draw` says how to draw them.

    `tolerance` is relative; EXACT for counts. `stated` is the answer the file claims, in base
    units (fixed questions only). A mistake's text is a quantity or the name of a key function.
    """

    key: str
    unit: Unit
    tolerance: float
    values: Mapping[str, Any]
    draw: Any
    stated: float | None
    mistakes: tuple[Bullet, ...]


def read(document: Document) -> Numeric:
    """Read unit, tolerance, key, arguments and mistakes. Raises SchemaError."""
    fixed = document.field("kind", str) == "numeric"
    unit_name = document.field("unit", str)
    unit = find_unit(unit_name)
    if unit is None:
        raise document.error("unit", f"{unit_name!r} is not a unit of question_bank/units.py")
    mistakes = document.bullets("Mistakes", needed=False)
    if mistakes:
        check_bullets(document, "Mistakes", mistakes, 1, 8, reasons=True)
    return Numeric(
        key=_checked_key(document),
        unit=unit,
        tolerance=_tolerance(document),
        values=document.field("with", dict, {}) if fixed else {},
        draw=None if fixed else read_draw(document),
        stated=_stated(document, unit) if fixed else None,
        mistakes=mistakes,
    )


def _checked_key(document: Document) -> str:
    name = document.field("key", str)
    try:
        key_function(name)
    except LookupError as error:
        raise document.error("key", str(error)) from error
    return name


def _tolerance(document: Document) -> float:
    given = document.meta.get("tolerance", f"{DEFAULT_TOLERANCE:.0%}")
    if given == "exact":
        return EXACT
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", str(given))
    if not match or not 0 < float(match[1]) <= 10:
        raise document.error("tolerance", f"should be `exact` or like `2%`, but it is {given!r}")
    return float(match[1]) / 100


def _stated(document: Document, unit: Unit) -> float:
    text = str(document.field("answer", object))
    try:
        reading = read_quantity(text, unit.dimension)
    except QuantityError as error:
        raise document.error("answer", str(error)) from error
    if reading.unit is None and unit.factor != 1 and not reading.scaled:
        raise document.error("answer", f"write the unit, as in `{text} {unit.name}`")
    return reading.value


def show(question: Question, seed: int, rng: random.Random) -> Shown:
    """Draw the numbers where there are any, compute the key, fill prompt and explanation."""
    body: Numeric = question.body
    values, key = dict(body.values), None
    if body.draw is not None:
        values, key = _draw_apart(question, rng)
    key = key or compute_key(body.key, values)
    filling = {**values, **key.shown}
    prompt = fill(question.prompt, filling)
    filling["answer"] = Measured(key.value, body.unit)
    explanation = fill(question.explanation, filling)
    return Shown(
        question,
        seed,
        prompt,
        explanation,
        drawn=values,
        filling=filling,
        unit=body.unit.name,
        key=key.value,
    )


def _draw_apart(question: Question, rng: random.Random) -> tuple[dict[str, Any], Key]:
    """Draw until neither a known mistake nor a number in the prompt happens to be right.

    Raises DrawError where that does not come about.
    """
    body: Numeric = question.body
    for _ in range(DRAW_ATTEMPTS):
        values = draw_values(body.draw, rng)
        try:
            key = compute_key(body.key, values)
        except ValueError:  # the key refuses impossible combinations
            continue
        wrong = [value for value, _ in mistake_values(question, values)]
        telling = not any(close(value, key.value, 3 * body.tolerance) for value in wrong)
        if math.isfinite(key.value) and telling and not given_away(body, values, key.value):
            return values, key
    raise DrawError(f"{question.id}: no usable numbers in {DRAW_ATTEMPTS} draws")


def given_away(body: Numeric, values: Mapping[str, Any], key: float) -> bool:
    """Whether one of the numbers shown would be accepted as the answer."""
    numbers = [value for value in values.values() if isinstance(value, int | float) and value]
    return any(
        close(number * factor, key, body.tolerance)
        for number in numbers
        for factor in (1.0, body.unit.factor)
    )


def mistake_values(question: Question, values: Mapping[str, Any]) -> Iterator[tuple[float, Bullet]]:
    """What each known mistake gives for these numbers, in base units."""
    body: Numeric = question.body
    for mistake in body.mistakes:
        name = re.fullmatch(r"`(\w+\.\w+)`", mistake.text)
        if name:
            yield compute_key(name[1], values).value, mistake
        else:
            reading = read_quantity(mistake.text, body.unit.dimension)
            yield reading.value, mistake


def close(value: float, key: float, tolerance: float) -> bool:
    """Relative agreement; a key of zero wants zero."""
    return abs(value - key) <= tolerance * abs(key) * (1 + 1e-9)


def answer_from_text(shown: Shown, text: str) -> str:
    """Typed answers are graded as they are."""
    return text


def right_answer(shown: Shown) -> str:
    """The key, exactly, in the unit asked for."""
    unit: Unit = shown.question.body.unit
    return f"{shown.key / unit.factor!r} {unit.name}".strip()


def grade(shown: Shown, answer: str) -> Grade:
    """Read the quantity, compare in base units, and say which mistake it looks like."""
    body: Numeric = shown.question.body
    try:
        reading = read_quantity(answer, body.unit.dimension)
    except QuantityError as error:
        return unreadable(error.problem, error.caret(answer))
    right = in_unit(shown.key, body.unit)
    if reading.unit and not _same_dimension(reading.unit, body.unit):
        wanted = body.unit.name or "–"
        problem = note("unit_mismatch", given=reading.unit.name, wanted=wanted)
        return Grade(False, 0.0, problem, answer=right)
    values = _candidates(reading, body.unit)
    value = next((v for v in values if close(v, shown.key, body.tolerance)), values[0])
    correct = close(value, shown.key, body.tolerance)
    if not correct and (doubt := _doubt(answer, reading, values, shown.key, body.tolerance)):
        return unreadable(doubt)
    message = note("numeric_right", answer=right) if correct else _diagnose(shown, values, right)
    read_as = in_unit(value, reading.unit or body.unit)
    return Grade(correct, float(correct), message, read_as=read_as, answer=right)


def _same_dimension(given: Unit, wanted: Unit) -> bool:
    """Plain numbers and ratios may carry a count's name or none at all."""
    if wanted.dimension == "number":
        return given.dimension not in ("byte", "second", "dollar")
    if {given.dimension, wanted.dimension} == {"ratio", "number"}:
        return True
    return given.dimension == wanted.dimension


def _candidates(reading: Reading, asked: Unit) -> list[float]:
    """A bare number may be meant in the asked unit (`112` GB) or in base units (`112e9`)."""
    if reading.unit:
        return [reading.value]
    if reading.scaled:
        return [reading.number]
    return list(dict.fromkeys([reading.number * asked.factor, reading.number]))


def _doubt(
    answer: str, reading: Reading, values: list[float], key: float, tolerance: float
) -> Note | None:
    """What to ask where a way of writing, and not the number, may be what is wrong."""
    if found := ONE_SEPARATOR.search(answer):
        factor = 1000 if found[1] == "." else 0.001
        if any(close(value * factor, key, tolerance) for value in values):
            text = found[0]
            whole, broken = re.sub(r"\D", "", text), text.replace(",", ".")
            return note("quantity_separator", text=text, whole=whole, broken=broken)
    bits = re.search(r"\b([kKMGTPE]i?)b\b", re.sub(r"\d", " ", answer))
    if bits and reading.unit and close(8 * reading.value, key, tolerance):
        return note("quantity_bits", unit=bits[0], bytes=f"{bits[1]}B")
    if key > 0 > values[0] and re.search(r"\d\s*[-–—]\s*\d", answer):
        return note("quantity_range")
    return None


def _diagnose(shown: Shown, values: list[float], right: str) -> Note:
    """The most telling thing to say about a wrong value."""
    body: Numeric = shown.question.body
    for wrong, mistake in mistake_values(shown.question, shown.drawn):
        if any(close(value, wrong, max(body.tolerance, 0.005)) for value in values):
            why = fill(mistake.why, shown.filling)
            return note("numeric_mistake", why=why, answer=right)
    ratio = values[0] / shown.key if shown.key else math.inf
    return note("numeric_wrong", hint=_hint(ratio, body), answer=right)


def _hint(ratio: float, body: Numeric) -> Note:
    """What a ratio between the given and the right value says."""
    slack = max(body.tolerance, 0.005)
    if body.unit.dimension == "byte":
        apart = PREFIX_STEP ** round(math.log(body.unit.factor, 1000))
        if apart > 1 and (close(ratio, apart, 0.005) or close(ratio, 1 / apart, 0.005)):
            return note("hint_binary")
        if close(ratio, 8, slack) or close(ratio, 1 / 8, slack):
            return note("hint_bits")
    if body.unit.dimension == "ratio" and (close(ratio, 100, slack) or close(ratio, 0.01, slack)):
        return note("hint_percent")
    for power in (3, 6, 9, 12):
        if close(ratio, 10.0**power, slack) or close(ratio, 10.0**-power, slack):
            return note("hint_thousand", factor=f"{10**power:,}")
    if ratio <= 0 or not math.isfinite(ratio):
        return note("hint_none")
    if 0.9 < ratio < 1.1:
        return note("hint_close")
    code = "hint_large" if ratio > 1 else "hint_small"
    return note(code, factor=f"{max(ratio, 1 / ratio):.3g}")


def problems(question: Question) -> Iterator[str]:
    """A stated answer that is not the key, mistakes that are right, a tolerance too wide."""
    body: Numeric = question.body
    yield from empty_reasons("Mistakes", body.mistakes)
    if body.unit.dimension == "byte" and body.tolerance > DEFAULT_TOLERANCE:
        yield "tolerance: above 2% it no longer tells GB from GiB"
    if question.parametrised:
        yield from _gap_problems(question)
        return
    key = compute_key(body.key, body.values).value
    if body.stated is not None and not close(body.stated, key, max(EXACT, body.tolerance / 4)):
        stated, computed = in_unit(body.stated, body.unit), in_unit(key, body.unit)
        yield f"answer: the file says {stated}, but {body.key} gives {computed}"
    for value, mistake in mistake_values(question, body.values):
        if close(value, key, 2 * body.tolerance):
            yield f"## Mistakes: {mistake.text} is within the tolerance of the right answer"


def _gap_problems(question: Question) -> Iterator[str]:
    """Every drawn number is shown in the prompt, and the explanation uses the numbers."""
    drawn = set(draw_values(question.body.draw, random.Random(0)))
    hidden = drawn - gaps(question.prompt)
    if hidden:
        yield f"prompt: it never shows {', '.join(f'{{{{{name}}}}}' for name in sorted(hidden))}"
    if not gaps(question.explanation):
        yield "## Explanation: it should show the numbers drawn, as in {{answer}}"
