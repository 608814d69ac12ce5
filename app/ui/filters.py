"""Filters whose values stand in the address under stable ids.

Streamlit's own binding writes an option's label into the address, which differs between languages.
Here the address is the one truth: a change writes it, and every run sets the widget from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.ui import address


def search(label: str, name: str, hint: str) -> str:
    """A search field for the query parameter `name` that answers while one types."""
    key = _follow_address(name, None)
    text = st.text_input(
        label,
        key=key,
        placeholder=hint,
        live=True,
        on_change=_write_address,
        args=(name, key),
    )
    return text or ""


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


def paginate(pages: int, name: str) -> None:
    """Numbered pages for the query parameter `name`; `page_number` says which one is asked for."""
    key = f"filter-{name}"
    asked = page_number(pages, name)
    if st.session_state.get(key) != asked:
        st.session_state[key] = asked
    st.pagination(pages, key=key, on_change=_write_page, args=(name, key))


def page_number(pages: int, name: str) -> int:
    """The page in the address, from 1 to `pages`."""
    wanted = st.query_params.get(name, "1")
    return min(max(int(wanted), 1), pages) if wanted.isdecimal() else 1


@address.changing()
def _write_page(name: str, key: str) -> None:
    st.query_params[name] = str(st.session_state[key])


def _follow_address(name: str, options: Sequence[str] | None) -> str:
    """Set the widget to what the address says, where that differs; the widget's key."""
    key = f"filter-{name}"
    wanted = st.query_params.get(name, "")
    known = wanted if options is None or wanted in options else ""
    if (st.session_state.get(key) or "") != known:
        st.session_state[key] = known if options is None else known or None
    return key


@address.changing()
def _write_address(name: str, key: str) -> None:
    value = st.session_state[key]
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
