"""Formulas typed by a learner: read by our own grammar, compared in a child that can be killed.

`parse` turns text into a tree or a `FormulaError` with a position; `FormulaJudge.compare` says
whether two trees mean the same. Learner text never reaches `eval`, `sympify` or `parse_expr`.
"""

from question_bank.formula.judge import Comparison, FormulaJudge, shared_judge
from question_bank.formula.parser import parse
from question_bank.formula.tokens import FormulaError
from question_bank.formula.tree import Domain, Node, show

__all__ = [
    "Comparison",
    "Domain",
    "FormulaError",
    "FormulaJudge",
    "Node",
    "parse",
    "shared_judge",
    "show",
]
