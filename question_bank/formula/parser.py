"""Tokens to a tree, by recursive descent over a small grammar.

    sum     := product (("+" | "-") product)*
    product := signed (("*" | "/") signed | implied)*
    signed  := ("+" | "-") signed | power
    power   := atom ("^" signed)?                  right-associative; -x^2 is -(x^2)
    atom    := number | symbol | function "(" sum ("," sum)* ")" | "(" sum ")" | "√" atom

An implied product (`2L`, `2(p-1)`, `bsh`) is taken where only one reading exists. `1/2x` and
`1/bs` have two, so they are refused and the learner is asked for parentheses.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from fractions import Fraction

from question_bank.formula.tokens import FormulaError, Token, tokenize
from question_bank.formula.tree import ARITY, CONSTANTS, Node, check_limits
from question_bank.messages import Note, note
from question_bank.units import find_unit

MAX_DEPTH = 30


def parse(text: str, symbols: Collection[str]) -> Node:
    """Read a formula over the given symbols. Raises FormulaError with a position."""
    tokens = tokenize(text, capital_e="E" not in symbols)
    if tokens[0].kind == "end":
        raise FormulaError(note("formula_empty"), 0)
    parser = _Parser(tokens, symbols)
    root = parser.sum()
    parser.expect_end()
    check_limits(root)
    return root


class _Parser:
    """One pass over the tokens; `depth` bounds recursion, `at` is the next token."""

    def __init__(self, tokens: list[Token], symbols: Collection[str]) -> None:
        self.tokens = tokens
        self.symbols = symbols
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        """The next token. Raises FormulaError where the text could not be read there."""
        token = self.tokens[self.at]
        if token.problem is not None:
            raise FormulaError(token.problem, token.position)
        return token

    def take(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def next_is(self, *texts: str) -> bool:
        return self.token.kind == "operator" and self.token.text in texts

    def sum(self) -> Node:
        self._enter()
        node = self.product()
        while self.next_is("+", "-"):
            operator = self.take()
            node = Node(operator.text, (node, self.product()), position=operator.position)
        self.depth -= 1
        return node

    def product(self) -> Node:
        node, divided = self.signed(), False
        while True:
            if self.next_is("*", "/"):
                operator = self.take()
                divided = operator.text == "/"
                node = Node(operator.text, (node, self.signed()), position=operator.position)
                if divided and self._is_a_product(self.tokens[self.at - 1]):
                    raise FormulaError(
                        note("formula_ambiguous_division"), self.tokens[self.at - 1].position
                    )
            elif self._starts_atom():
                node = self._implied(node, divided)
            else:
                return node

    def _is_a_product(self, token: Token) -> bool:
        """Whether a word such as `nB` in `P/nB` stands for several symbols."""
        known = token.text in self.symbols or token.text in ARITY or token.text in CONSTANTS
        return token.kind == "name" and not known

    def _starts_atom(self) -> bool:
        return self.token.kind in ("number", "name") or self.next_is("(", "√")

    def _implied(self, node: Node, divided: bool) -> Node:
        token = self.token
        if token.kind == "number" and not self._after_a_group(node):
            raise FormulaError(note("formula_missing_operator", text=token.text), token.position)
        if divided:
            raise FormulaError(note("formula_ambiguous_division"), token.position)
        return Node("*", (node, self.power()), position=token.position)

    def _after_a_group(self, node: Node) -> bool:
        """Whether a number may follow, as in `(m+1)2`; not in `x^(2)3` or `x²3`."""
        last = node.args[1] if node.op in ("*", "/") else node
        return self.tokens[self.at - 1].text == ")" and last.op != "^"

    def signed(self) -> Node:
        if not self.next_is("+", "-"):
            return self.power()
        self._enter()
        sign = self.take()
        node = self.signed()
        self.depth -= 1
        return node if sign.text == "+" else Node("neg", (node,), position=sign.position)

    def power(self) -> Node:
        base = self.atom()
        if not self.next_is("^"):
            return base
        self._enter()
        operator = self.take()
        exponent = self.signed()
        self.depth -= 1
        if self._ran_together(exponent):
            raise FormulaError(note("formula_ambiguous_exponent"), operator.position)
        return Node("^", (base, exponent), position=operator.position)

    def _ran_together(self, exponent: Node) -> bool:
        """Whether a bare exponent such as `nx` in `2^nx` is a word that was split."""
        while exponent.op == "neg":
            exponent = exponent.args[0]
        return exponent.op == "*" and self.tokens[self.at - 1].kind == "name"

    def atom(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return Node("number", value=_exact(token), position=token.position)
        if token.kind == "name":
            return self._name(token)
        if token.text == "(":
            return self._group(token)
        if token.text == "√":
            self._enter()
            node = Node("sqrt", (self.atom(),), position=token.position)
            self.depth -= 1
            return node
        raise FormulaError(_unexpected(token), token.position)

    def _group(self, opening: Token) -> Node:
        node = self.sum()
        if self.next_is(","):
            raise FormulaError(note("formula_comma"), self.token.position)
        self._close(opening)
        return node

    def _name(self, token: Token) -> Node:
        if token.text in self.symbols:
            return Node("symbol", name=token.text, position=token.position)
        if token.text in ARITY:
            return self._call(token)
        if token.text in CONSTANTS:
            return Node("constant", name=token.text, position=token.position)
        return self._product_of_symbols(token)

    def _call(self, token: Token) -> Node:
        if not self.next_is("("):
            raise FormulaError(note("formula_call", name=token.text), self.token.position)
        opening = self.take()
        args = [self.sum()]
        while self.next_is(","):
            self.take()
            args.append(self.sum())
        self._close(opening)
        low, high = ARITY[token.text]
        if not low <= len(args) <= high:
            wanted = str(low) if low == high else f"{low} to {high}"
            problem = note("formula_arity", name=token.text, wanted=wanted, got=len(args))
            raise FormulaError(problem, token.position)
        return Node(token.text, tuple(args), position=token.position)

    def _product_of_symbols(self, token: Token) -> Node:
        """`bsh` is b·s·h where b, s and h are symbols and no other split exists."""
        splits, understood = _splits(token.text, self.symbols)
        if not splits:
            raise self._unknown_name(token, understood)
        if len(splits) > 1:
            readings = " or ".join("*".join(split) for split in splits[:2])
            problem = note("formula_ambiguous_name", name=token.text, readings=readings)
            raise FormulaError(problem, token.position)
        node, *rest = [Node("symbol", name=name, position=token.position) for name in splits[0]]
        for factor in rest:
            node = Node("*", (node, factor), position=token.position)
        return node

    def _unknown_name(self, token: Token, understood: int) -> FormulaError:
        """Points at the first letters that are no symbol, unless the word resembles one."""
        problem = _unknown(token.text, self.symbols)
        rest = token.text[understood:]
        if problem.code == "formula_unknown" and understood >= len(rest):
            return FormulaError(_unknown(rest, self.symbols), token.position + understood)
        return FormulaError(problem, token.position)

    def expect_end(self) -> None:
        if self.token.kind == "end":
            return
        code = "formula_comma" if self.token.text == "," else "formula_extra_close"
        raise FormulaError(note(code), self.token.position)

    def _close(self, opening: Token) -> None:
        if not self.next_is(")"):
            raise FormulaError(note("formula_unclosed"), opening.position)
        self.take()

    def _enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError(note("formula_too_deep", limit=MAX_DEPTH), self.token.position)


def _exact(token: Token) -> Fraction:
    exponent = token.text.lower().partition("e")[2]
    if exponent and abs(int(exponent)) > 40:
        raise FormulaError(note("formula_number_too_large"), token.position)
    return Fraction(token.text)


def _splits(word: str, symbols: Collection[str]) -> tuple[list[list[str]], int]:
    """The ways to write a word as symbols side by side, and how much of it can be so written."""
    ways: list[list[list[str]]] = [[[]]]
    for end in range(1, len(word) + 1):
        found = [
            [*before, name]
            for name in symbols
            if word[:end].endswith(name)
            for before in ways[end - len(name)]
        ]
        ways.append(found[:3])  # two readings are enough to call it ambiguous
    return ways[-1], max(end for end, found in enumerate(ways) if found)


def _unknown(name: str, symbols: Collection[str]) -> Note:
    same = [symbol for symbol in symbols if symbol.lower() == name.lower()]
    near = same or difflib.get_close_matches(name, [*symbols, *ARITY], n=1, cutoff=0.6)
    if len(name) < 3 and not same:
        near = []  # two letters resemble anything
    shown = name if len(name) <= 20 else name[:20] + "…"
    if name.lower() in ("sum", "prod"):
        return note("formula_dots")
    if len(name) > 1 and find_unit(name):
        return note("formula_unit", unit=shown)
    if near:
        return note("formula_unknown_near", name=shown, near=near[0])
    return note("formula_unknown", name=shown, symbols=", ".join(symbols) or "–")


def _unexpected(token: Token) -> Note:
    if token.kind == "end":
        return note("formula_ends_early")
    return note("formula_unexpected", text=token.text)
