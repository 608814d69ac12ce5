"""Gaps in prompts and explanations: `{{n_layers}}`, `{{answer:GiB}}`, `{{n_params:short}}`.

After the colon stands a unit, `short` (7B), or a Python format such as `,` or `.2f`. Without it
whole numbers from 10,000 get separators and broken ones four significant digits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from question_bank.units import Unit, find_unit, in_unit

GAP = re.compile(r"\{\{\s*(\w+)\s*(?::([^{}]+))?\}\}")
SHORT = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


@dataclass(frozen=True)
class Measured:
    """A value in base units that is shown in its own unit unless a gap names another."""

    value: float
    unit: Unit


def gaps(text: str) -> set[str]:
    """The names of the values a text needs."""
    return {match[1] for match in GAP.finditer(text)}


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Fill every gap. Raises KeyError where a value is missing, ValueError for a bad format."""
    return GAP.sub(lambda match: format_value(values[match[1]], match[2]), text)


def format_value(value: Any, form: str | None = None) -> str:
    """One value as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, Measured):
        if form is None:
            return in_unit(value.value, value.unit)
        value = value.value
    if isinstance(value, list | tuple):
        return ", ".join(format_value(item, form) for item in value)
    if form is None:
        return _plain(value)
    if form.strip() == "short":
        return short(value)
    unit = find_unit(form.strip())
    return in_unit(float(value), unit) if unit else format(value, form)


def short(value: float) -> str:
    """7,000,000,000 as 7B; below a thousand as it is."""
    for size, letter in SHORT:
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def _plain(value: float) -> str:
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    return f"{value:.4g}"
