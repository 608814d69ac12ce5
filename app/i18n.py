"""Every word of the interface, looked up by key: `t("drill.submit")`.

Catalogues are TOML in `app/locale/`: `en.toml` and `zh.toml`, and for a part of its own
`<part>.en.toml` and `<part>.zh.toml` (labs, questions), found by looking. Nested tables join with
dots. `{name}` in a text is filled in from keyword arguments. No Streamlit here: the app says where
the language comes from with `use_language`.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "zh": "中文"}

_language: Callable[[], str] = lambda: "en"  # noqa: E731


def use_language(source: Callable[[], str]) -> None:
    """Ask `source` for the language at every look-up; it returns a key of LANGUAGES."""
    global _language
    _language = source


def language() -> str:
    """The language in use: "en" where the source names one that does not exist."""
    wanted = _language()
    return wanted if wanted in LANGUAGES else "en"


def t(key: str, /, **values: object) -> str:
    """The text of `key` in the language in use, with `values` filled in.

    A key missing from a translation falls back to English, and one missing there too is an error
    of ours: KeyError.
    """
    text = catalogue(language()).get(key) or catalogue("en")[key]
    return text.format(**values) if values else text


def plural(key: str, count: int, /, **values: object) -> str:
    """`key.one` for one and `key.other` for any other count, which is available as `{count}`."""
    return t(f"{key}.{'one' if count == 1 else 'other'}", count=count, **values)


@functools.cache
def catalogue(code: str) -> dict[str, str]:
    """All texts of one language by dotted key. Raises ValueError where two files share a key."""
    texts: dict[str, str] = {}
    for path in [FOLDER / f"{code}.toml", *sorted(FOLDER.glob(f"*.{code}.toml"))]:
        for key, text in _flatten(tomllib.loads(path.read_text(encoding="utf-8"))):
            if key in texts:
                raise ValueError(f"{path.name}: {key!r} is already in another catalogue")
            texts[key] = text
    return texts


def _flatten(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
