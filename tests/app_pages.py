"""Help for tests that run the app's pages without a browser."""

from __future__ import annotations

import functools
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

# A server looks for components among all installed packages once, a test of a page each time.
manifest_scanner.scan_component_manifests = functools.cache(
    manifest_scanner.scan_component_manifests
)

APP = Path(__file__).parents[1] / "app"
MAIN = APP / "web" / "main.py"


def open_page(name: str, **parameters: str) -> AppTest:
    """A page as a new server draws it for a new visitor of its address."""
    st.cache_resource.clear()  # the store and the desk of the test before
    at = AppTest.from_file(MAIN, default_timeout=60)
    at.run()  # registers the pages
    at.switch_page(f"../pages/{name}.py")
    for key, value in parameters.items():
        at.query_params[key] = value
    return at.run()


def open_alone(name: str, **parameters: str) -> AppTest:
    """A page without the frame around it."""
    at = AppTest.from_file(APP / "pages" / f"{name}.py", default_timeout=60)
    for key, value in parameters.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception
    return at


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
