"""Formula questions: the learner types an expression; any form that means the same is right.

The file states the formula, each symbol's meaning, unit and domain, a key function that computes
the same number another way, forms that must be accepted, and near misses with their reasons.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from question_bank.formula import Comparison, Domain, FormulaError, Node, parse, shared_judge
from question_bank.formula import show as as_text
from question_bank.formula.tokens import NAME
from question_bank.formula.tree import ARITY, CONSTANTS, evaluate, symbols_of
from question_bank.grade import Grade, unreadable
from question_bank.keys import compute_key, key_function
from question_bank.kinds.common import check_bullets, empty_reasons
from question_bank.markup import Bullet, Document
from question_bank.messages import Note, note
from question_bank.question import Question, Shown

SYMBOL_FIELDS = {"meaning", "unit", "shape", "domain", "integer"}


@dataclass(frozen=True)
class Symbol:
    """A symbol the learner may use: what it means, its unit or shape, and where it lives."""

    name: str
    meaning: str
    unit: str
    domain: Domain


@dataclass(frozen=True)
class Formula:
    """The formula as text and tree, its symbols, and what the validator tries on it.

    Each mistake is a near miss: a formula in the text, the misconception in the reason.
    """

    text: str
    tree: Node
    symbols: Mapping[str, Symbol]
    key: str
    accepts: tuple[str, ...]
    mistakes: tuple[Bullet, ...]

    @property
    def domains(self) -> dict[str, Domain]:
        return {name: symbol.domain for name, symbol in self.symbols.items()}


def read(document: Document) -> Formula:
    """Read symbols, formula, accepted forms and near misses. Raises SchemaError."""
    symbols = _symbols(document)
    text = document.field("answer", str)
    key = document.field("key", str)
    try:
        key_function(key)
    except LookupError as error:
        raise document.error("key", str(error)) from error
    mistakes = document.bullets("Mistakes")
    check_bullets(document, "Mistakes", mistakes, 2, 8, reasons=True)
    accepts = document.words("accepts", needed=True)
    body = Formula(
        text, _parsed(document, "answer", text, symbols), symbols, key, accepts, mistakes
    )
    for form in accepts:
        _parsed(document, "accepts", form, symbols)
    for mistake in mistakes:
        _parsed(document, "## Mistakes", formula_text(mistake), symbols)
    return body


def formula_text(mistake: Bullet) -> str:
    """A near miss without the backticks around it."""
    return mistake.text.strip("`")


def _parsed(document: Document, field: str, text: str, symbols: Mapping[str, Symbol]) -> Node:
    try:
        return parse(text, symbols)
    except FormulaError as error:
        raise document.error(field, f"{text!r}: {error}") from error


def _symbols(document: Document) -> dict[str, Symbol]:
    given: dict[str, Any] = document.field("symbols", dict)
    return {str(name): _symbol(document, str(name), spec) for name, spec in given.items()}


def _symbol(document: Document, name: str, spec: Any) -> Symbol:
    field = f"symbols.{name}"
    if not NAME.fullmatch(name) or name in ARITY or name in CONSTANTS:
        raise document.error(field, "is not a usable name (letters, digits, _; not a function)")
    if not isinstance(spec, dict) or not set(spec) <= SYMBOL_FIELDS:
        raise document.error(field, f"takes the fields {', '.join(sorted(SYMBOL_FIELDS))}")
    domain = spec.get("domain")
    if not isinstance(domain, list) or len(domain) != 2 or not domain[0] < domain[1]:
        raise document.error(field, "needs `domain: [low, high]` with low below high")
    if not spec.get("meaning") or not (spec.get("unit") or spec.get("shape")):
        raise document.error(field, "needs a meaning, and a unit or a shape")
    return Symbol(
        name,
        str(spec["meaning"]),
        str(spec.get("unit") or spec["shape"]),
        Domain(float(domain[0]), float(domain[1]), bool(spec.get("integer", True))),
    )


def show(question: Question, seed: int, rng: random.Random) -> Shown:
    """A formula question has nothing to draw or shuffle."""
    return Shown(question, seed, question.prompt, question.explanation, key=question.body.tree)


def answer_from_text(shown: Shown, text: str) -> str:
    """Typed answers are graded as they are."""
    return text


def right_answer(shown: Shown) -> str:
    """The formula as the file states it."""
    text: str = shown.question.body.text
    return text


def grade(shown: Shown, answer: str) -> Grade:
    """Parse, compare in the child, and word the outcome."""
    body: Formula = shown.question.body
    try:
        tree = parse(answer, body.symbols)
    except FormulaError as error:
        return unreadable(error.problem, error.caret(answer))
    mistakes = [parse(formula_text(mistake), body.symbols) for mistake in body.mistakes]
    found = shared_judge().compare(tree, body.tree, body.domains, mistakes)
    if found.proof == "undecided":
        return unreadable(note("formula_undecided"))
    read_as = as_text(tree)
    if found.equal:
        return Grade(True, 1.0, note("formula_right"), read_as=read_as, answer=body.text)
    message = _why(found, body, tree)
    return Grade(False, 0.0, message, read_as=read_as, answer=body.text)


def _why(found: Comparison, body: Formula, tree: Node) -> Note:
    """The misconception where it is known, else the factor, else a point that differs."""
    used = symbols_of(tree) | symbols_of(body.tree)
    values = {
        "point": ", ".join(f"{n} = {v:.6g}" for n, v in found.point.items() if n in used),
        "learner": "–" if found.learner is None else f"{found.learner:.6g}",
        "key": "–" if found.key is None else f"{found.key:.6g}",
    }
    if found.mistake is not None:
        why = body.mistakes[found.mistake].why
        return note("formula_mistake", why=why, **values)
    if found.learner is None:
        return note("formula_no_value", **values)
    if found.ratio is not None and abs(found.ratio - 1) < 0.01:
        return note("formula_close", ratio=f"{found.ratio:.12g}")
    if values["learner"] == values["key"]:
        return note("formula_nearly", **values)
    if found.ratio is not None and found.ratio > 0:
        return note("formula_factor", ratio=f"{found.ratio:.6g}", **values)
    return note("formula_wrong", **values)


def problems(question: Question) -> Iterator[str]:
    """The formula against its key, the forms to accept, and the near misses to refuse."""
    body: Formula = question.body
    yield from empty_reasons("Mistakes", body.mistakes)
    for name in set(body.symbols) - symbols_of(body.tree):
        if not any(name in symbols_of(parse(formula_text(m), body.symbols)) for m in body.mistakes):
            yield f"symbols.{name}: neither the answer nor a near miss uses it"
    yield from _key_problems(body)
    shown = show(question, 0, random.Random(0))
    for form in body.accepts:
        if not grade(shown, form).correct:
            yield f"accepts: {form!r} is not accepted: {grade(shown, form).message}"
    for mistake in body.mistakes:
        outcome = grade(shown, formula_text(mistake))
        if outcome.correct:
            yield f"## Mistakes: {mistake.text} is equal to the answer"
        elif outcome.note.values.get("why") != mistake.why:
            yield f"## Mistakes: {mistake.text} is not told apart from the ones before it"


def _key_problems(body: Formula) -> Iterator[str]:
    """The formula and the key function must agree wherever the function has a value."""
    from question_bank.formula.equivalence import points  # brings mpmath, only needed here

    compared = 0
    for point in points(body.domains):
        values = {
            name: int(number) if body.symbols[name].domain.integer else float(number)
            for name, number in point.items()
        }
        try:
            wanted = compute_key(body.key, values).value
        except ValueError:
            continue
        compared += 1
        got = evaluate(body.tree, values)
        if not math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-12):
            yield f"answer: at {values} the formula gives {got}, but {body.key} gives {wanted}"
            return
    if compared < 8:
        yield f"key: {body.key} has a value at only {compared} of the points tried"
