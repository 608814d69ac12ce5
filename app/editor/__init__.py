"""The code editor of the drill page: CodeMirror 6 as a Streamlit component of our own.

`src/` holds its JavaScript, `bundle.js` what `build.mjs` makes of it (committed, so that running
the app needs no Node). Typing never reruns the page: the text lives in the browser, with a draft
in its local storage, and arrives here together with the action the learner chose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

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
    seen twice can be recognised; it is None in a run that the editor did not cause.
    """

    text: str = ""
    submitted: bool = False
    run: bool = False
    action_id: UUID | None = None


def code_editor(
    value: str,
    key: str,
    draft_key: str,
    nonce: str = "",
    *,
    label: str,
    on_action: Callable[[EditorState], None] | None = None,
    acknowledged: UUID | None = None,
    busy: bool = False,
    min_height: int = 360,
) -> EditorState:
    """Show the editor. It starts from the draft kept under `draft_key`, else from `value`.

    A new `nonce` (any new string) replaces the text with `value`, draft included. `label` names the
    editor to a screen reader. `on_action` is called before the page runs, so that the page can draw
    what came of it. The buttons stay grey after an action until `acknowledged` changes, and while
    `busy`. `min_height` is in CSS pixels.
    """

    def acted() -> None:
        if on_action is not None:
            on_action(read_action(st.session_state[key].get("action")))

    result = _mount(
        key=key,
        data={
            "value": value,
            "draftKey": draft_key,
            "nonce": nonce,
            "ack": str(acknowledged),
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
        on_action_change=acted,
    )
    return read_action(result.action)


def read_action(action: object) -> EditorState:
    """What the browser sent, checked: anything but a well-formed action is no action."""
    match action:
        case {"kind": ("run" | "submit") as kind, "text": str(text), "id": str(action_id)}:
            try:
                return EditorState(text, kind == "submit", kind == "run", UUID(hex=action_id))
            except ValueError:
                return EditorState()
    return EditorState()
