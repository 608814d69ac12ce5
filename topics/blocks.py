"""How a lesson's text is read: Markdown with three kinds of lines of its own.

`::figure <id>` marks where a live figure stands, and `::misconception` … `::end` enclose a false
claim (first line) and its correction. Fenced code is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A stretch of Markdown with `$…$` maths."""

    markdown: str


@dataclass(frozen=True)
class FigureRef:
    """The place of a live figure."""

    id: str


@dataclass(frozen=True)
class Misconception:
    """A false claim that people make, and what is right instead and why (Markdown)."""

    claim: str
    correction: str


Block = Text | FigureRef | Misconception


class LessonError(ValueError):
    """A lesson's file is not as it should be; the message names the file and the line."""


def parse_blocks(body: str, first_line: int = 1) -> tuple[Block, ...]:
    """Cut a lesson's body into blocks. Raises LessonError with the line, counted from there."""
    return tuple(_Parser(body, first_line).blocks())


class _Parser:
    """One pass over the lines; fenced code is left alone."""

    def __init__(self, body: str, first_line: int) -> None:
        self.lines = list(enumerate(body.splitlines(), first_line))
        self.text: list[str] = []

    def blocks(self) -> Iterator[Block]:
        fenced = False
        lines = iter(self.lines)
        for number, line in lines:
            if line.startswith("```"):
                fenced = not fenced
            if fenced or not line.startswith("::"):
                self.text.append(line)
                continue
            yield from self._flush()
            yield self._directive(number, line, lines)
        yield from self._flush()

    def _flush(self) -> Iterator[Text]:
        markdown = "\n".join(self.text).strip()
        self.text = []
        if markdown:
            yield Text(markdown)

    def _directive(self, number: int, line: str, lines: Iterator[tuple[int, str]]) -> Block:
        match line.split():
            case ["::figure", figure_id]:
                return FigureRef(figure_id)
            case ["::figure", *_]:
                raise LessonError(f"line {number}: ::figure takes one id, as in `::figure top-p`")
            case ["::misconception"]:
                return _misconception(number, lines)
            case ["::misconception", *_]:
                raise LessonError(
                    f"line {number}: the claim goes on the line after ::misconception"
                )
        raise LessonError(f"line {number}: unknown directive {line!r}")


def _misconception(start: int, lines: Iterator[tuple[int, str]]) -> Misconception:
    inside: list[str] = []
    for number, line in lines:
        if line.strip() == "::end":
            claim, _, correction = "\n".join(inside).strip().partition("\n")
            if not claim or not correction.strip():
                raise LessonError(f"line {start}: a misconception needs a claim and a correction")
            return Misconception(claim.strip(), correction.strip())
        if line.startswith("::"):
            raise LessonError(f"line {number}: {line!r} inside the misconception of line {start}")
        inside.append(line)
    raise LessonError(f"line {start}: this misconception has no ::end")
