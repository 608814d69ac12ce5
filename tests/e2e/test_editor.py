"""The code editor in a real browser: what is typed is what is there, and the keys do their work."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

DRILL = "/drill?id=softmax_temperature"
PASTED = (
    "import torch\n\n\n"
    "def f(r, c='r', *, s={'a': [1, 2]}):\n"
    "    '''r \\'quoted\\' \"twice\" 中文 ✓'''\n"
    "\tx = (r[0] - 1) // 2  # return -1\n"
    "    return 1 if r != c else {k: v for k, v in s.items()}\n"
)
TYPED = ["def rr(r, c='r'):", "if r == c:", "return 1", "", "return [(r), {'r': \"c\"}]"]
AS_TYPED = "def rr(r, c='r'):\n    if r == c:\n        return 1\n\n    return [(r), {'r': \"c\"}]"

# Contrast of two computed colours by WCAG 2: 4.5 is enough for text.
CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number)
  const part = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4 }
  const weights = [0.2126, 0.7152, 0.0722]
  const light = (text) => rgb(text).map(part).reduce((sum, c, i) => sum + weights[i] * c, 0)
  const find = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.classList.contains("frame")) return node
      const inside = node.shadowRoot && find(node.shadowRoot)
      if (inside) return inside
    }
  }
  const frame = find(document)
  const back = light(getComputedStyle(frame).backgroundColor)
  const texts = ".cm-line, .cm-line span, .cm-lineNumbers .cm-gutterElement, .note"
  return [...frame.querySelectorAll(texts)]
    .filter((node) => node.textContent.trim())
    .map((node) => {
      const front = light(getComputedStyle(node).color)
      return [(Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05), node.textContent]
    })
}"""


@pytest.fixture
def editor(shared_app):
    if not shared_app.page.url.endswith(DRILL):
        shared_app.open(DRILL)
    shared_app.page.locator(".cm-content").wait_for()
    return shared_app


def test_what_is_pasted_is_what_is_there(editor):
    editor.write_code(PASTED)
    assert editor.code() == PASTED


def test_what_is_typed_key_by_key_is_what_is_there_and_reruns_nothing(editor):
    page = editor.page
    editor.write_code("")
    page.evaluate(
        """() => { window.reruns = 0; new MutationObserver(() => window.reruns++).observe(
        document.querySelector(".stApp"), {attributeFilter: ["data-test-script-state"]}) }"""
    )
    for number, line in enumerate(TYPED):
        if number:
            page.keyboard.press("Enter")
        if number == 4:
            page.keyboard.press("Backspace")  # out of the if
        page.keyboard.type(line)
    assert editor.code() == AS_TYPED
    assert page.evaluate("window.reruns") == 0


def test_text_composed_with_an_input_method_arrives_once(editor):
    editor.write_code("# ")
    session = editor.page.context.new_cdp_session(editor.page)
    for composing in ("n", "ni", "ni h", "ni hao"):
        session.send(
            "Input.imeSetComposition",
            {"text": composing, "selectionStart": len(composing), "selectionEnd": len(composing)},
        )
    session.send("Input.insertText", {"text": "你好"})
    assert editor.code() == "# 你好"


def test_tab_indents_and_escape_then_tab_leaves_the_editor(editor):
    editor.write_code("x")
    editor.page.keyboard.press("Home")
    editor.page.keyboard.press("Tab")
    assert editor.code() == "    x"
    editor.page.keyboard.press("Escape")
    editor.page.keyboard.press("Tab")
    expect(editor.page.get_by_role("button", name="Run example")).to_be_focused()
    assert editor.code() == "    x"


def test_the_editor_has_a_name_for_a_screen_reader(editor):
    named = editor.page.get_by_role("textbox", name="Your code for softmax_temperature")
    expect(named).to_be_visible()


def test_a_draft_survives_a_reload_and_a_visit_elsewhere(editor):
    editor.write_code("draft = 'kept'")
    editor.page.reload()
    editor.settle()
    expect(editor.page.locator(".cm-line").first).to_have_text("draft = 'kept'")
    editor.page.get_by_role("link", name="Progress").click()
    editor.page.get_by_role("heading", name="Progress").wait_for()
    editor.page.go_back()
    expect(editor.page.locator(".cm-line").first).to_have_text("draft = 'kept'")


def test_reset_puts_the_starting_code_back_and_can_be_undone(editor):
    editor.write_code("mine = 1")
    editor.page.get_by_role("button", name="Reset the code").click()
    expect(editor.page.locator(".cm-content")).to_contain_text("raise NotImplementedError")
    editor.page.locator(".cm-content").click()
    editor.page.keyboard.press("Control+Z")
    expect(editor.page.locator(".cm-content")).to_have_text("mine = 1")


def test_a_double_click_on_submit_is_one_submission(app):
    page = app.open("/drill?id=multi_head_attention")
    app.write_code("def wrong(*inputs):\n    return 7")
    page.get_by_role("button", name=re.compile("^Submit")).dblclick()
    expect(page.get_by_test_id("stCode").last).to_contain_text("return 7")
    app.settle()
    page.wait_for_timeout(1000)  # a second submission would be there by now
    expect(app.attempts("multi_head_attention")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_is_legible_and_the_theme_switches_live(editor, scheme):
    editor.write_code('@property\nclass A:\n    x = 1.5 + f("s")  # why\n    return None, True')
    other = "dark" if scheme == "light" else "light"
    for wanted in (other, scheme):
        editor.page.emulate_media(color_scheme=wanted)
        editor.page.wait_for_function(
            "wanted => getComputedStyle(document.querySelector('.stApp')).colorScheme === wanted",
            arg=wanted,
        )
    editor.page.wait_for_timeout(300)  # the colours fade over
    contrasts = editor.page.evaluate(CONTRAST)
    assert len(contrasts) > 10
    assert [pair for pair in contrasts if pair[0] < 4.5] == []
