"""The interface's words: complete in every language, and nowhere else than in the catalogues."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from app import i18n

APP = Path(i18n.__file__).parent
SOURCES = [
    *(APP / "pages").glob("*.py"),
    *(APP / "ui").glob("*.py"),
    *(APP / "editor").glob("*.py"),
]
SHOWING = {
    *("title", "header", "subheader", "write", "markdown", "caption", "text", "html", "info"),
    *("success", "warning", "error", "button", "download_button", "form_submit_button", "toggle"),
    *("checkbox", "radio", "selectbox", "multiselect", "slider", "select_slider", "text_input"),
    *("text_area", "number_input", "file_uploader", "segmented_control", "pills", "expander"),
    *("popover", "dialog", "toast", "spinner", "status", "metric", "badge", "link"),
}


@pytest.fixture(autouse=True)
def english():
    yield
    i18n.use_language(lambda: "en")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", [code for code in i18n.LANGUAGES if code != "en"])
def test_a_translation_has_the_same_keys_and_the_same_blanks(code):
    english, other = i18n.catalogue("en"), i18n.catalogue(code)
    assert english.keys() == other.keys()
    unequal = {key for key in english if fields(english[key]) != fields(other[key])}
    assert unequal == set()


def test_a_text_is_looked_up_in_the_language_in_use_and_filled_in():
    assert i18n.plural("topic.passed_of", 3, passed=1) == "1 of 3 drills passed"
    i18n.use_language(lambda: "zh")
    assert i18n.plural("topic.passed_of", 3, passed=1) == "3 个练习中通过 1 个"


def test_a_language_that_does_not_exist_is_english():
    i18n.use_language(lambda: "tlh")
    assert i18n.language() == "en"
    assert i18n.t("nav.home") == "Home"


def test_an_unknown_key_is_an_error():
    with pytest.raises(KeyError):
        i18n.t("no.such.key")


def test_a_count_chooses_its_form():
    assert i18n.plural("drills.found", 1) == "1 drill"
    assert i18n.plural("drills.found", 0) == "0 drills"


def keys_named(tree: ast.AST) -> set[str]:
    """The keys that `t("…")` and `plural("…")` name outright."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                if node.func.id == "t":
                    found.add(first.value)
                elif node.func.id == "plural":
                    found |= {f"{first.value}.one", f"{first.value}.other"}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_key_a_page_names_exists(path):
    assert keys_named(ast.parse(path.read_text("utf-8"))) - i18n.catalogue("en").keys() == set()


def raw_texts(tree: ast.AST) -> list[str]:
    """Texts with words in them that are handed to something that shows text."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = name or (node.func.id if isinstance(node.func, ast.Name) else "")
        if name in SHOWING:
            found += _constants(node.args[0])
    return found


def _constants(node: ast.expr) -> list[str]:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [part.value for part in parts if isinstance(part, ast.Constant)]
    plain = [
        re.sub(r"<script>.*|<[^>]*>?|[^<]*>|:\w+(-badge)?\[", " ", str(text)) for text in texts
    ]
    return [text for text in plain if re.search(r"[A-Za-z]{2,}", text)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_page_shows_a_text_of_its_own(path):
    allowed = {"drill", "drills", "topic", "topics", "skills", "questions", "review", "progress"}
    texts = raw_texts(ast.parse(path.read_text("utf-8")))
    assert [text for text in texts if text not in allowed] == []


def test_the_check_for_raw_texts_finds_one():
    planted = ast.parse("st.button('Press me')\nst.html(f'<p class=\"x\">Hello there</p>')")
    assert len(raw_texts(planted)) == 2
