"""The README's table of commands is the one that the commands themselves give."""

from __future__ import annotations

from pathlib import Path

from app.commands import table

README = Path(__file__).parent.parent / "README.md"


def test_the_readme_lists_every_command_as_it_is():
    assert table() in README.read_text(encoding="utf-8"), (
        "put this table into README.md:\n\n" + table()
    )
