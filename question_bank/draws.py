"""How the numbers of a parametrised question are drawn, from its front matter or by a function.

draw:                              draw: memory.draw_gqa_model
  n_layers: [24, 32, 48]             (a function that takes a random.Random and
  batch: {low: 1, high: 16}           returns the values by name, for numbers
  p: {low: 0.5, high: 0.95, step: 0.05}   that depend on one another)
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from question_bank.keys import key_function
from question_bank.markup import Document


class DrawError(ValueError):
    """The numbers of a question cannot be drawn."""


@dataclass(frozen=True)
class Among:
    """One of a list of values."""

    values: tuple[Any, ...]

    def draw(self, rng: random.Random) -> Any:
        return rng.choice(self.values)


@dataclass(frozen=True)
class Between:
    """low, low + step, …, high; whole numbers where low and step are whole."""

    low: float
    high: float
    step: float

    def draw(self, rng: random.Random) -> float:
        steps = round((self.high - self.low) / self.step)
        # Rounding keeps 0.1 + 3 * 0.05 from showing as 0.25000000000000006.
        value = round(self.low + rng.randint(0, steps) * self.step, 10)
        return int(value) if isinstance(self.low, int) and isinstance(self.step, int) else value


Draw = str | Mapping[str, Among | Between]


def read_draw(document: Document) -> Draw:
    """Read the field `draw`. Raises SchemaError."""
    given = document.field("draw", object)
    if isinstance(given, str):
        try:
            key_function(given)
        except LookupError as error:
            raise document.error("draw", str(error)) from error
        return given
    if not isinstance(given, dict) or not given:
        raise document.error("draw", "should be a mapping of names, or the name of a function")
    return {name: _read_one(document, name, spec) for name, spec in given.items()}


def _read_one(document: Document, name: str, spec: Any) -> Among | Between:
    field = f"draw.{name}"
    if isinstance(spec, list) and len(spec) > 1:
        return Among(tuple(spec))
    if not isinstance(spec, dict) or not {"low", "high"} <= set(spec) <= {"low", "high", "step"}:
        raise document.error(field, "should be a list, or {low: …, high: …, step: …}")
    low, high, step = spec["low"], spec["high"], spec.get("step", 1)
    if not all(isinstance(x, int | float) for x in (low, high, step)) or not low < high:
        raise document.error(field, "needs numbers with low below high")
    if step <= 0 or abs((high - low) / step - round((high - low) / step)) > 1e-9:
        raise document.error(field, f"a step of {step} does not lead from {low} to {high}")
    return Between(low, high, step)


def draw_values(draw: Draw, rng: random.Random) -> dict[str, Any]:
    """One set of numbers by name."""
    if isinstance(draw, str):
        drawn: dict[str, Any] = key_function(draw)(rng)
        return drawn
    return {name: spec.draw(rng) for name, spec in draw.items()}
