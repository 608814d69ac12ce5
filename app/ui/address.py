"""The address is the one truth about what a page shows, also while a change is on its way to it.

With every change the browser sends the address as it knows it. Two quick changes arrive before it
has heard of the first, and the second would undo it. So a change remembers which addresses it has
replaced, and the next one, if it comes with one of those, first puts things right. A run without a
change, as after the Back button, takes the address as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import streamlit as st

KEY = "address-changes"
MOST = 20  # replaced addresses that a browser may still show


@dataclass
class _Changes:
    """The latest address, those that it replaced, and whether this run began with a change."""

    latest: dict[str, str]
    replaced: list[dict[str, str]] = field(default_factory=list)
    new: bool = True


@contextlib.contextmanager
def changing() -> Iterator[None]:
    """The callback of a widget that changes `st.query_params`: `@changing()`."""
    changes = st.session_state.setdefault(KEY, _Changes(st.query_params.to_dict()))
    if st.query_params.to_dict() in changes.replaced:
        st.query_params.from_dict(changes.latest)
    before = [*changes.replaced, changes.latest, st.query_params.to_dict()]
    yield
    changes.latest, changes.new = st.query_params.to_dict(), True
    changes.replaced = [address for address in before[-MOST:] if address != changes.latest]


def begin() -> None:
    """At the beginning of every run of the script, after the callbacks."""
    changes = st.session_state.get(KEY)
    if changes is None:
        return
    if changes.new:
        changes.new = False
    else:
        del st.session_state[KEY]
