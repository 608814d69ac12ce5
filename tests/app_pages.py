"""Help for tests that run the app's pages without a browser."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

MAIN = Path(__file__).parents[1] / "app" / "web" / "main.py"


def open_page(name: str, **parameters: str) -> AppTest:
    """A page as a new server draws it for a new visitor of its address."""
    st.cache_resource.clear()  # the store and the desk of the test before
    at = AppTest.from_file(MAIN, default_timeout=60)
    at.run()  # registers the pages
    at.switch_page(f"../pages/{name}.py")
    for key, value in parameters.items():
        at.query_params[key] = value
    return at.run()


def shown(at: AppTest) -> str:
    """The text of a page: Markdown, HTML, headings, and the labels of links and buttons."""
    texts = [
        element.value for kind in ("title", "subheader", "markdown") for element in at.get(kind)
    ]
    texts += [element.proto.body for element in at.main.get("html")]
    texts += [element.proto.label for element in at.get("page_link")]
    texts += [element.label for element in at.button]
    texts += [element.value for kind in ("error", "warning", "info") for element in at.get(kind)]
    return "\n".join(map(str, texts))


def links(at: AppTest) -> dict[str, str]:
    """Where each link of the page leads: label to address."""
    return {
        link.proto.label: f"{link.proto.page}?{link.proto.query_string}"
        for link in at.get("page_link")
    }
