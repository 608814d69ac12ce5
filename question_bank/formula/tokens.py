"""Learner text to tokens: numbers, names and operators, each with its place in the text.

Harmless look-alikes (×, ·, −, ², full-width forms of an input method) are read as what they
look like. Letters that only pretend to be Latin are refused by name: a Cyrillic `а` is not `a`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from question_bank.messages import Note, note

MAX_LENGTH = 400  # characters; the longest key in the bank is under 100
MAX_DIGITS = 20

OPERATORS = {
    **dict.fromkeys("*×·⋅∙∗•", "*"),
    **dict.fromkeys("-−–﹣‐‑", "-"),
    **dict.fromkeys("/÷∕⁄", "/"),
    **dict.fromkeys("+﹢", "+"),
    "^": "^",
    "(": "(",
    ")": ")",
    "[": "(",
    "]": ")",
    ",": ",",
    "√": "√",
}
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ", "0123456789-n", strict=True))
SPACES = " \t\r\n\u00a0\u2002\u2003\u2009\u200a\u202f\u3000\u200b\ufeff"
GREEK = {
    **{"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ϵ": "epsilon"},
    **{"η": "eta", "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "π": "pi"},
    **{"ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ω": "omega"},
}
NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?", re.ASCII)

TokenKind = Literal["number", "name", "operator", "end", "bad"]


class FormulaError(ValueError):
    """A formula that could not be read: what is wrong, and the first place where."""

    def __init__(self, problem: Note, position: int) -> None:
        super().__init__(problem.text())
        self.problem = problem
        self.position = position

    def caret(self, text: str, width: int = 60) -> str:
        """Two lines: the part of the text around the problem, and a caret under the place."""
        start = max(0, min(self.position - width // 2, len(text) - width))
        window = "".join(c if c.isprintable() else " " for c in text[start : start + width])
        before = "…" if start else ""
        after = "…" if start + width < len(text) else ""
        columns = sum(_columns(c) for c in before + window[: self.position - start])
        return f"{before}{window}{after}\n{' ' * columns}^"


@dataclass(frozen=True)
class Token:
    """One token. A bad one, the last, is what could not be read; `problem` says why."""

    kind: TokenKind
    text: str
    position: int
    problem: Note | None = None


def tokenize(text: str, *, capital_e: bool = True) -> list[Token]:
    """Cut text into tokens, the last of kind `end` or `bad`. Raises FormulaError if too long.

    A bad token is left to the parser, which may find something wrong before it gets there.
    `capital_e` is False where E is a symbol of the question: then `2E3` is not two thousand.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(note("formula_too_long", limit=MAX_LENGTH), MAX_LENGTH)
    plain = "".join(narrow(c) for c in text)
    tokens: list[Token] = []
    position = 0
    while position < len(plain):
        if plain[position] in SPACES:
            position += 1
            continue
        try:
            found, position = _next_tokens(plain, position, capital_e)
        except FormulaError as error:
            return [*tokens, Token("bad", plain[position], error.position, error.problem)]
        tokens += found
    return [*tokens, Token("end", "", len(text))]


def _next_tokens(plain: str, position: int, capital_e: bool) -> tuple[list[Token], int]:
    """The tokens that start here (a superscript gives several) and where they end."""
    char = plain[position]
    if char.isascii() and (char.isdigit() or char == "."):
        return _number(plain, position, capital_e)
    if match := NAME.match(plain, position):
        end = match.end()
        while end < len(plain) and plain[end] in SUBSCRIPTS:  # log₂, x₁
            end += 1
        name = "".join(SUBSCRIPTS.get(c, c) for c in plain[position:end])
        return [Token("name", name, position)], end
    if plain.startswith("**", position):
        return [Token("operator", "^", position)], position + 2
    if char in OPERATORS:
        return [Token("operator", OPERATORS[char], position)], position + 1
    if char in SUPERSCRIPTS:
        return _superscript(plain, position)
    if char in GREEK:
        return [Token("name", GREEK[char], position)], position + 1
    raise FormulaError(_stray(char), position)


def _number(plain: str, position: int, capital_e: bool) -> tuple[list[Token], int]:
    match = NUMBER.match(plain, position)
    if not match and plain.startswith("..", position):
        raise FormulaError(note("formula_dots"), position)
    if not match:
        raise FormulaError(note("formula_lone_point"), position)
    text = match[0]
    if not capital_e and "E" in text:
        text = text[: text.index("E")]
    if len(re.sub(r"\D", "", text)) > MAX_DIGITS:
        raise FormulaError(note("formula_number_too_long", limit=MAX_DIGITS), position)
    return [Token("number", text, position)], position + len(text)


def _superscript(plain: str, position: int) -> tuple[list[Token], int]:
    """Read ² as ^2, and a run of superscripts as one exponent."""
    end = position
    while end < len(plain) and plain[end] in SUPERSCRIPTS:
        end += 1
    exponent = "".join(SUPERSCRIPTS[c] for c in plain[position:end])
    if not re.fullmatch(r"-?(\d{1,3}|n)", exponent):
        raise FormulaError(note("formula_superscript", text=plain[position:end]), position)
    body = [Token("operator", "-", position)] if exponent.startswith("-") else []
    digits = exponent.lstrip("-")
    kind: TokenKind = "name" if digits == "n" else "number"
    # The parentheses keep `x²y` from being read as x^(2y).
    return [
        Token("operator", "^", position),
        Token("operator", "(", position),
        *body,
        Token(kind, digits, position),
        Token("operator", ")", position),
    ], end


def _stray(char: str) -> Note:
    """What to say about a character that no formula contains."""
    if char in "\\{}$":
        return note("formula_latex", char=char)
    if char in "=<>≤≥≈":
        return note("formula_equals", char=char)
    if char in "|":
        return note("formula_bars")
    if char in "…⋯ΣΠ∑∏":
        return note("formula_dots")
    if char == "%":
        return note("formula_percent")
    name = unicodedata.name(char, f"U+{ord(char):04X}").lower()
    if char.isalpha() and not char.isascii():
        return note("formula_foreign_letter", char=char, name=name)
    if unicodedata.category(char).startswith("C"):
        return note("formula_invisible", name=name)
    return note("formula_stray", char=char, name=name)


def narrow(char: str) -> str:
    """Full-width ASCII, as Chinese and Japanese input methods type it, to ASCII."""
    return chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char


def _columns(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
