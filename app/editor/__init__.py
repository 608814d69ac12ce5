"""The code editor of the drill page: CodeMirror 6 as a Streamlit component of our own.

`src/` holds its JavaScript, `bundle.js` what `build.mjs` makes of it (committed, so that running
the app needs no Node). Typing never reruns the page: the text lives in the browser, with a draft
in its local storage, and arrives here together with the action the learner chose.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.i18n import t

FOLDER = Path(__file__).parent

_mount = st.components.v2.component(
    "whetstone_editor",
    css=(FOLDER / "editor.css").read_text(encoding="utf-8"),
    js=(FOLDER / "bundle.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class EditorState:
    """What the learner asked for in this run of the page.

    `action_id` is made in the browser, one for each click or key press, so the same request
    seen twice can be recognised. All are empty or False in a run that the editor did not cause.
    """

    text: str = ""
    submitted: bool = False
    run: bool = False
    action_id: str = ""


def code_editor(
    value: str,
    key: str,
    draft_key: str,
    nonce: str = "",
    *,
    label: str,
    busy: bool = False,
    min_height: int = 360,
) -> EditorState:
    """Show the editor. It starts from the draft kept under `draft_key`, else from `value`.

    A new `nonce` (any new string) replaces the text with `value`, draft included. `label` names the
    editor to a screen reader. `busy` greys the buttons; `min_height` is in CSS pixels.
    """
    result = _mount(
        key=key,
        data={
            "value": value,
            "draftKey": draft_key,
            "nonce": nonce,
            "busy": busy,
            "minHeight": min_height,
            "labels": {
                "editor": label,
                "run": t("editor.run"),
                "submit": t("editor.submit"),
                "busy": t("editor.busy"),
                "saved": t("editor.saved"),
                "note": t("editor.note"),
            },
        },
        on_action_change=lambda: None,
    )
    return read_action(result.action)


def read_action(action: object) -> EditorState:
    """What the browser sent, checked: anything but a well-formed action is no action."""
    if not isinstance(action, dict):
        return EditorState()
    kind, text, action_id = (action.get(name) for name in ("kind", "text", "id"))
    if kind not in ("run", "submit") or not isinstance(text, str) or not isinstance(action_id, str):
        return EditorState()
    return EditorState(text, kind == "submit", kind == "run", action_id)
