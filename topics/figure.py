"""What a live figure is: controls the reader can move, and a pure function that draws.

A lesson's figures stand in `topics/<topic>/figures*.py`, each file with a tuple `FIGURES`. The page
makes a widget of every control, calls `draw` with their values and shows the drawing. `draw` uses
numpy, never torch, keeps no state and answers in well under 50 ms.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import plotly.graph_objects as go

from topics.phrases import speaking


@dataclass(frozen=True)
class Slider:
    """A number between two ends. Whole numbers throughout make an integer slider."""

    name: str
    label: str
    low: float
    high: float
    default: float
    step: float


@dataclass(frozen=True)
class Choice:
    """One of a few options. `labels`, where given, is what the reader sees for each option."""

    name: str
    label: str
    options: tuple[str, ...]
    default: str
    labels: tuple[str, ...] = ()

    def label_of(self, option: str) -> str:
        """What the page shows for an option; `draw` always gets the option itself."""
        return self.labels[self.options.index(option)] if self.labels else option


@dataclass(frozen=True)
class Toggle:
    """On or off."""

    name: str
    label: str
    default: bool


Control = Slider | Choice | Toggle
Value = float | str | bool


@dataclass(frozen=True)
class Drawing:
    """A plot, and a sentence or two of Markdown with the numbers that were just computed."""

    plot: go.Figure
    text: str = ""


@dataclass(frozen=True)
class Figure:
    """A live figure. `draw` takes one keyword argument per control, by the control's name."""

    id: str
    title: str
    controls: tuple[Control, ...]
    draw: Callable[..., Drawing]
    caption: str = ""

    def defaults(self) -> dict[str, Value]:
        """The value of every control before the reader touches it."""
        return {control.name: control.default for control in self.controls}


def localize(figure: Figure, phrases: Mapping[str, str]) -> Figure:
    """The same figure with its words looked up in `phrases`; what is not there stays English."""

    def draw(**values: Value) -> Drawing:
        with speaking(phrases):
            return figure.draw(**values)

    def translated(text: str) -> str:
        return phrases.get(text, text)

    def control_in_language(control: Control) -> Control:
        if not isinstance(control, Choice):
            return dataclasses.replace(control, label=translated(control.label))
        shown = tuple(translated(control.label_of(option)) for option in control.options)
        return dataclasses.replace(control, label=translated(control.label), labels=shown)

    return dataclasses.replace(
        figure,
        title=translated(figure.title),
        caption=translated(figure.caption),
        controls=tuple(control_in_language(control) for control in figure.controls),
        draw=draw,
    )
