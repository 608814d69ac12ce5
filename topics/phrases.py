"""The words inside a drawing, in the reader's language.

A figure's drawing function writes its sentences with `say`. The English sentence is the key, as in
gettext; `figures.zh.toml` beside the lesson maps it to Chinese. A sentence without an entry stays
English, so a lesson needs no translation to work.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

_NONE: Mapping[str, str] = {}
_phrases: ContextVar[Mapping[str, str]] = ContextVar("phrases", default=_NONE)


def say(template: str, **values: object) -> str:
    """The template in the current language, with `{name}` fields filled in as by str.format."""
    return _phrases.get().get(template, template).format(**values)


@contextlib.contextmanager
def speaking(phrases: Mapping[str, str]) -> Iterator[None]:
    """Within this block, `say` looks its templates up in `phrases`."""
    token = _phrases.set(phrases)
    try:
        yield
    finally:
        _phrases.reset(token)
