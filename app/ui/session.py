"""What belongs to one browser tab: its id and its language."""

from __future__ import annotations

from uuid import uuid4

import streamlit as st

from app import i18n
from app.store import StoreError
from app.ui.services import store

LANGUAGE_SETTING = "language"


def session_id() -> str:
    """A name for this tab, the same in all its runs."""
    return str(st.session_state.setdefault("_session_id", uuid4().hex))


def current_language() -> str:
    """The language of this tab: the learner's setting, else what the browser prefers."""
    if "_language" not in st.session_state:
        try:
            chosen = store().setting(LANGUAGE_SETTING)
        except StoreError:  # the page will say so, and needs a language to say it in
            return _browser_language()
        st.session_state["_language"] = chosen or _browser_language()
    return str(st.session_state["_language"])


def choose_language(code: str) -> None:
    """Use a language from now on, here and in every later session."""
    store().set_setting(LANGUAGE_SETTING, code)
    st.session_state["_language"] = code


def _browser_language() -> str:
    code = (st.context.locale or "en").split("-")[0].lower()
    return code if code in i18n.LANGUAGES else "en"
