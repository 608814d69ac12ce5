"""What the commands share for talking to a terminal: results on stdout, messages on stderr.

Text that came from a submission or a file is only ever printed through `plain`, which leaves it no
way to steer the terminal or to be taken for markup.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from verifiers.printed import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def console() -> Console:
    """A console on stdout; styled only where stdout is a terminal."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:
            raise  # rich would exit with 1, which here says that a solution did not pass

    # Without a terminal there is no width to fit into: one line of text stays one line.
    width = None if sys.stdout.isatty() else 10_000
    return Ours(highlight=False, emoji=False, markup=False, width=width)


def say(message: str) -> None:
    """A message for the person, on stderr."""
    print(message, file=sys.stderr, flush=True)


def show_markdown(text: str) -> None:
    """Markdown of ours, laid out on a terminal and as it is elsewhere."""
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.markdown import Markdown

    console().print(Markdown(text))


def show_code(source: str) -> None:
    """Python of ours, coloured on a terminal and as it is elsewhere."""
    if not sys.stdout.isatty():
        print(source, end="")
        return
    from rich.syntax import Syntax

    console().print(Syntax(source, "python", background_color="default"))


def plain(text: str, style: str = "") -> Text:
    """Text from outside, without control sequences and not read as markup."""
    from rich.text import Text

    return Text(clean(text.encode("utf-8", "replace")), style=style)
