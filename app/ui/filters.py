"""Filters whose values stand in the address under stable ids.

Streamlit's own binding writes an option's label into the address, which differs between languages.
Here the address is the one truth: a change writes it, and every run sets the widget from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st


def choose(
    label: str, name: str, options: Sequence[str], title: Callable[[str], str], nothing: str
) -> str | None:
    """A select box for the query parameter `name`; None for its first entry, `nothing`."""
    key = _follow_address(name, options)
    return (
        st.selectbox(
            label,
            ["", *options],
            format_func=lambda option: title(option) if option else nothing,
            key=key,
            on_change=_write_address,
            args=(name, key),
        )
        or None
    )


def pick(label: str, name: str, options: Sequence[str], title: Callable[[str], str]) -> str | None:
    """Pills for the query parameter `name`; None where none is chosen."""
    key = _follow_address(name, options)
    return st.pills(
        label, options, format_func=title, key=key, on_change=_write_address, args=(name, key)
    )


def _follow_address(name: str, options: Sequence[str]) -> str:
    key = f"filter-{name}"
    wanted = st.query_params.get(name)
    known = wanted if wanted in options else None
    if st.session_state.get(key) != known:
        st.session_state[key] = known
    return key


def _write_address(name: str, key: str) -> None:
    value = st.session_state[key]
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
