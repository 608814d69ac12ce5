"""Reading a typed quantity: `112e9`, `112 GB`, `104.3 GiB`, `27.3 %`, `1.12×10^11 bytes`.

The number may be a sum of one's own (`7e9 * 16 bytes`): it goes through the formula parser, so
nothing is ever evaluated as code. What cannot be read raises `QuantityError` with a place.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from question_bank.formula.parser import parse
from question_bank.formula.tokens import SPACES, SUPERSCRIPTS, FormulaError, narrow
from question_bank.formula.tree import constant_value
from question_bank.messages import note
from question_bank.units import SCALES, Unit, all_aliases, find_unit

MAX_LENGTH = 120
SEPARATED = re.compile(
    r"(?<![\d.])\d{1,3}(?:([,_'’\u00a0\u2009\u202f ])\d{3})(?:\1\d{3})*(?![\d,])"
)
TIMES_X = re.compile(r"(?<=\d)( +)x(?= +\d)|(?<=\d)x(?=10[\^*⁰-⁹¹²³])")  # but not 0x70
FULL_STOP = re.compile(r"(?<=[^\W\d_%])[.。](?=\s*$)|。(?=\s*$)")
LEADING = re.compile(r"^(?:about|approximately|approx\.?|ca\.?|~|≈|=|约)\s*", re.IGNORECASE)


class QuantityError(FormulaError):
    """A quantity that could not be read: what is wrong, and where."""


@dataclass(frozen=True)
class Reading:
    """What was typed: the number, its unit if one was given, and a scale such as `7B`'s."""

    number: float
    unit: Unit | None
    scaled: bool = False

    @property
    def value(self) -> float:
        """The value in base units; a bare number counts as base units."""
        return self.number * (self.unit.factor if self.unit else 1.0)


def read_quantity(text: str, dimension: str | None = None) -> Reading:
    """Read a quantity; an ambiguous unit is read as measuring `dimension`. Raises QuantityError."""
    if len(text) > MAX_LENGTH:
        raise QuantityError(note("quantity_too_long", limit=MAX_LENGTH), MAX_LENGTH)
    body = _blank(text)
    if not body.strip():
        raise QuantityError(note("quantity_empty"), 0)
    dollars = body.lstrip().startswith("$")
    body, unit = _split_unit(body.replace("$", " ", 1) if dollars else body, dimension)
    body, scale = _split_scale(body, dimension) if unit is None or _counts(unit) else (body, 1.0)
    if dollars and unit is None:
        unit = find_unit("$")
    return Reading(_number(body, text) * scale, unit, scale != 1.0)


def _counts(unit: Unit) -> bool:
    return unit.factor == 1.0


def _blank(text: str) -> str:
    """Odd spaces and full-width forms to plain ones, a leading "about" to blanks.

    Every position is kept.
    """
    plain = "".join(" " if c in SPACES else narrow(c) for c in text)
    if match := LEADING.match(plain.lstrip()):
        start = len(plain) - len(plain.lstrip())
        plain = plain[:start] + " " * match.end() + plain[start + match.end() :]
    return FULL_STOP.sub(" ", plain)


def _split_unit(body: str, dimension: str | None) -> tuple[str, Unit | None]:
    """Cut the longest unit off the end. `112 GB` gives `112 ` and GB; `1e9` keeps its e9."""
    trimmed = body.rstrip()
    best: tuple[str, Unit | None] = (body, None)
    for alias in all_aliases():
        if not trimmed.lower().endswith(alias.lower()):
            continue
        rest, written = trimmed[: -len(alias)], trimmed[-len(alias) :]
        unit = find_unit(written, dimension)
        if unit is None or not _boundary(rest) or not any(c.isdigit() for c in rest):
            continue
        if written in SCALES and unit.dimension != dimension:
            continue  # `7B` parameters, not seven bytes, unless bytes were asked for
        best = (rest, unit)
        break
    return best


def _boundary(rest: str) -> bool:
    """Whether a unit may begin here: after a digit, a space, or a scale as in `7Mtokens`."""
    scaled = re.search(r"[\d.]\s*[kKMGBT万亿]$", rest)
    return bool(scaled) or not rest.rstrip()[-1:].isalpha() or rest.endswith(" ")


def _split_scale(body: str, dimension: str | None) -> tuple[str, float]:
    trimmed = body.rstrip()
    for word in sorted(SCALES, key=len, reverse=True):
        rest = trimmed.removesuffix(word)
        if rest != trimmed and rest.strip() and not rest.rstrip()[-1].isalpha():
            return rest, SCALES[word]
    return body, 1.0


def _number(body: str, text: str) -> float:
    """The number in what is left, which may be arithmetic. Raises QuantityError."""
    plain = SEPARATED.sub(lambda m: re.sub(r"\D", "", m[0]).rjust(len(m[0])), body)
    plain = TIMES_X.sub(r"\1*", plain)
    if points := re.search(r"\d(\.\d{3}){2,}(?!\d)", plain):
        raise QuantityError(note("quantity_points"), points.start() + 1)
    if comma := re.search(r"\d,\d", plain):
        raise QuantityError(note("quantity_decimal_comma"), comma.start() + 1)
    if word := re.search(r"[^\W\d]{2,}.*|[^\W\d]$", _without_exponents(plain)):
        unknown = text[word.start() :].strip()[:20]
        raise QuantityError(note("unit_unknown", unit=unknown), word.start())
    try:
        value = constant_value(parse(plain, ()))
    except FormulaError as error:
        problem = error.problem
        if problem.code.startswith("formula_un") and "name" in problem.values:
            problem = note("unit_unknown", unit=problem.values["name"])
        elif problem.code == "formula_percent":
            problem = note("unit_unknown", unit=text[error.position :].strip())
        raise QuantityError(problem, error.position) from error
    if value is None or not math.isfinite(value):
        raise QuantityError(note("quantity_not_finite"), 0)
    return value


def _without_exponents(text: str) -> str:
    """Blank `e9` of `1e9`, function names and superscripts, so that only unknown words remain."""
    known = r"(?<=[\d.])[eE](?=[+-]?\d)|\b(?:sqrt|exp|log2|log10|log|ln|min|max|floor|ceil|pi)\b"
    plain = re.sub(known, lambda m: " " * len(m[0]), text)
    return "".join(" " if c in SUPERSCRIPTS else c for c in plain)
