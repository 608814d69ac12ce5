"""What surrounds every page: its title, the style sheet, and the last line of defence."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import streamlit as st
from streamlit.navigation.page import Page

from app.i18n import language, t
from app.store import StoreError

STATIC = Path(__file__).parents[1] / "static"
P = ParamSpec("P")
PROBLEM = "_problem"
SIDEBAR_WIDTH = 232  # pixels; a laptop needs the rest for a task beside its code
_log = logging.getLogger(__name__)


def configure() -> None:
    """The browser tab and the look. A local icon: a Material one would be fetched from afar."""
    st.set_page_config(
        page_title="Whetstone",
        page_icon=str(STATIC / "icon.png"),
        layout="wide",
        initial_sidebar_state=SIDEBAR_WIDTH,
        menu_items={"About": t("app.about")},  # a menu with an entry also offers the theme
    )
    st.logo(str(STATIC / "icon.png"), size="large", link=None)
    st.html(STATIC / "style.css")
    # Screen readers and hyphenation go by the document's language, which Streamlit leaves English.
    st.html(
        f"<script>document.documentElement.lang = '{language()}'</script>",
        unsafe_allow_javascript=True,
    )


def title(text: str, *, lead: str = "") -> None:
    """A page's heading, and a sentence under it."""
    st.title(text, anchor=False)
    if lead:
        st.markdown(f":gray[{lead}]")


def tab_title(text: str) -> None:
    """Name the browser's tab after what the page is about."""
    st.set_page_config(page_title=f"{text} · Whetstone")


def callback(action: Callable[P, None]) -> Callable[P, None]:
    """A widget's callback that records something: where that fails, the page says why.

    Callbacks run before the page does, and so before `run` can catch anything.
    """

    @functools.wraps(action)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            action(*args, **kwargs)
        except StoreError as error:
            _log.warning("%s", error)
            st.session_state[PROBLEM] = str(error)

    return guarded


def run(page: Page) -> None:
    """Run the page. Whatever fails, the learner reads a sentence and the terminal the traceback."""
    try:
        if reason := st.session_state.pop(PROBLEM, ""):
            st.error(t("error.store", reason=reason))
        page.run()
    except StoreError as error:
        _log.warning("%s", error)
        st.error(t("error.store", reason=str(error)))
    except Exception:
        _log.exception("a page failed")
        st.error(t("error.page"))
