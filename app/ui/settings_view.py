"""The parts of the settings page."""

from __future__ import annotations

import tempfile
from datetime import date
from html import escape
from pathlib import Path

import streamlit as st

from app import health, i18n
from app.i18n import plural, t
from app.store import StoreError, StoreImportError
from app.ui import frame
from app.ui.html import Tone, chip
from app.ui.isolation import protection_held, protection_name, protection_note
from app.ui.services import desk, store
from app.ui.session import choose_language
from verifiers.isolation import Protection, isolation

FINDING_TONES: dict[health.State, Tone] = {"ok": "good", "weaker": "warn", "broken": "bad"}


def language() -> None:
    st.subheader(t("settings.language"), anchor=False)
    st.segmented_control(
        t("settings.language"),
        list(i18n.LANGUAGES),
        default=i18n.language(),
        format_func=i18n.LANGUAGES.__getitem__,
        key="language",
        required=True,
        label_visibility="collapsed",
        on_change=_choose_language,
    )
    st.html(f'<p class="ws-note">{escape(t("settings.language_note"))}</p>')


@frame.callback
def _choose_language() -> None:
    choose_language(st.session_state["language"])


def theme() -> None:
    st.subheader(t("settings.theme"), anchor=False)
    st.write(t("settings.theme_note"))


def data() -> None:
    """The data folder, and progress out of it and into it."""
    st.subheader(t("settings.data"), anchor=False)
    st.write(t("settings.data_note"))
    st.code(str(store().home), language=None)
    st.download_button(
        t("settings.export"),
        data=exported,
        file_name=f"whetstone-{date.today():%Y-%m-%d}.jsonl",
        mime="application/x-ndjson",
        on_click="ignore",
        key="export",
    )
    upload = st.file_uploader(t("settings.import"), type="jsonl", key="import-file")
    if upload is not None and st.button(t("settings.import_button"), key="import"):
        import_progress(upload.name, upload.getvalue())


def exported() -> bytes:
    """Everything recorded, as the bytes of one export."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.jsonl"
        store().export(path)
        return path.read_bytes()


def import_progress(name: str, content: bytes) -> None:
    """Add what an uploaded export holds, and say how much that was or why not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "import.jsonl"
        path.write_bytes(content)
        try:
            summary = store().import_(path)
        except StoreImportError as error:
            st.error(str(error).replace(str(path), name))
            return
        except StoreError as error:
            st.error(t("error.store", reason=str(error)))
            return
    st.success(f"{plural('settings.imported', summary.added)} {known(summary.known)}".strip())


def known(count: int) -> str:
    return plural("settings.known", count) if count else ""


def machine() -> None:
    """Whether the judge is up, and what `python -m app doctor` finds on this machine."""
    st.subheader(t("settings.machine"), anchor=False)
    st.write(t(f"settings.judge.{desk().status}"))
    st.write(protection_note())
    facts = [health.python(), health.packages(), health.graphics(), health.content()]
    rows = [_row(t(f"health.name.{one.name.lower()}"), one) for one in facts]
    rows += [_row(protection_name(one), _protected(one)) for one in isolation().protections]
    rows.append(_row(t("health.name.progress"), health.database()))
    st.html(f'<div class="ws-checks" role="list">{"".join(rows)}</div>')


def _protected(one: Protection) -> health.Finding:
    """A protection that holds is said in the reader's words, a missing one as `doctor` says it."""
    if one.active:
        return health.Finding(one.name, "ok", protection_held(one))
    return health.Finding(one.name, "weaker", one.sentence, one.remedy)


def _row(name: str, finding: health.Finding) -> str:
    """One fact with its state, and what to do where something is wrong."""
    outcome = chip(t(f"settings.finding.{finding.state}"), FINDING_TONES[finding.state])
    head = f'<div class="ws-check"><span>{escape(name)}</span>{outcome}</div>'
    detail = f'<p class="ws-note">{escape(finding.detail)} {escape(finding.remedy)}</p>'
    return f'<div role="listitem">{head}{detail}</div>'
