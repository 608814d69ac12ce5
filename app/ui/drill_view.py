"""The parts of the drill page: heading, task, hints, editor with verdict, history, reference."""

from __future__ import annotations

import re
from html import escape
from uuid import uuid4

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.editor import EditorState, code_editor
from app.i18n import language, t
from app.reviews import Reviews
from app.store import Attempt, DrillState
from app.ui import frame, verdicts
from app.ui.cards import difficulty, state_chip
from app.ui.desk import Ticket, TicketKind
from app.ui.html import facts
from app.ui.isolation import protection_note
from app.ui.library import all_topics, skill_title
from app.ui.places import link
from app.ui.progress import GAVE_UP, HINT_SHOWN
from app.ui.services import desk, store
from app.ui.session import session_id
from app.ui.when import moment
from drills.catalogue import Drill

POLL_SECONDS = 0.1
ONE_LINE_FORMULA = re.compile(r"^\$\$(.+)\$\$$", re.MULTILINE)
HISTORY = 50  # attempts shown


def header(drill: Drill, state: DrillState) -> None:
    """Title, and the facts one chooses a drill by."""
    st.title(drill.title, anchor=False)
    skills = ", ".join(skill_title(skill, language()) for skill in drill.skills)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="drill-facts"):
        link("topic", all_topics(language())[drill.topic].title, id=drill.topic)
        st.html(
            facts(
                escape(difficulty(drill)),
                escape(t("unit.minutes", count=drill.minutes)),
                escape(skills),
                state_chip(state.state),
            ),
            width="content",
        )


def statement(drill: Drill) -> None:
    """The task. Streamlit shows `$$…$$` on a line of its own as a formula within text."""
    st.markdown(ONE_LINE_FORMULA.sub(r"$$\n\1\n$$", drill.statement))


def hints(drill: Drill, state: DrillState) -> None:
    """Hints one at a time. Each one shown is recorded, so that it stays open."""
    if not drill.hints:
        return
    key = f"hints-{drill.id}"
    shown = min(len(drill.hints), max(state.hints_shown, st.session_state.get(key, 0)))
    for number, hint in enumerate(drill.hints[:shown], 1):
        with st.container(border=True, key=f"hint-{number}"):
            st.html(
                f'<p class="ws-eyebrow">'
                f"{escape(t('drill.hint', number=number, total=len(drill.hints)))}</p>"
            )
            st.markdown(hint)
    if shown < len(drill.hints):
        label = t("drill.show_hint", number=shown + 1, total=len(drill.hints))
        st.button(label, key="show-hint", on_click=_show_hint, args=(drill.id, shown + 1))


@frame.callback
def _show_hint(drill_id: str, number: int) -> None:
    st.session_state[f"hints-{drill_id}"] = number
    store().record_event(HINT_SHOWN, drill_id, {"hint": number})


def workplace(drill: Drill, state: DrillState) -> None:
    """The editor; under it the verdict; under that what came before."""
    ticket = desk().latest(session_id(), drill.id)
    busy = ticket is not None and ticket.running
    text, nonce = st.session_state.get(_load_key(drill), (drill.starter, ""))
    code_editor(
        text,
        key=f"editor-{drill.id}",
        draft_key=drill.id,
        nonce=nonce,
        label=t("editor.label", entry=drill.entry),
        on_action=lambda action: take(drill, action),
        acknowledged=ticket.id if ticket else None,
        busy=busy,
    )
    below_editor(drill)
    place = st.empty()
    attempts = store().attempts(drill.id, limit=HISTORY)
    if not busy:
        with place.container():
            outcome(ticket, attempts)
    past(drill, state, attempts)
    if ticket is not None and busy:
        follow(ticket, place)


def take(drill: Drill, action: EditorState) -> None:
    """Hand a submission to the desk. Most verdicts are there before the page is drawn."""
    if action.action_id is not None:
        kind: TicketKind = "submit" if action.submitted else "run"
        ticket = desk().take(session_id(), drill.spec, action.text, kind, action.action_id)
        ticket.wait(POLL_SECONDS)


def below_editor(drill: Drill) -> None:
    """Reset, and one quiet line on what keeps a submission from doing harm."""
    with st.container(horizontal=True, vertical_alignment="center", key="below-editor"):
        st.button(
            t("drill.reset"),
            key="reset",
            type="tertiary",
            help=t("drill.reset_help"),
            on_click=_load,
            args=(drill, drill.starter),
        )
        if note := protection_note():
            st.html(f'<p class="ws-note">{escape(note)}</p>', width="stretch")


def outcome(ticket: Ticket | None, attempts: list[Attempt]) -> None:
    """The newest verdict: of this tab, else the last one recorded."""
    if ticket is None:
        if attempts:
            verdicts.draw(attempts[0])
        return
    if ticket.verdict is None:
        return
    if ticket.kind == "run":
        verdicts.draw_example(ticket.verdict)
    else:
        verdicts.draw(ticket.verdict, problem=ticket.problem)


def follow(ticket: Ticket, place: DeltaGenerator) -> None:
    """Show checks as they answer; then draw the whole page anew, with the verdict recorded.

    The run of the page may be cut short at any time; the next one finds the ticket again.
    """
    drawn = ""
    while ticket.running:
        now = verdicts.running(ticket.checks, starting=desk().status != "ready")
        if now != drawn:
            place.html(now)  # one element, so that it replaces an earlier verdict at once
            drawn = now
        ticket.wait(POLL_SECONDS)
    st.rerun()


def past(drill: Drill, state: DrillState, attempts: list[Attempt]) -> None:
    """Earlier submissions with their code, and the reference once it may be seen."""
    history_tab, reference_tab = st.tabs([t("drill.history"), t("drill.reference")])
    with history_tab:
        history(drill, attempts)
    with reference_tab:
        reference(drill, state)


def history(drill: Drill, attempts: list[Attempt]) -> None:
    if not attempts:
        st.html(f'<p class="ws-note">{escape(t("drill.no_history"))}</p>')
        return
    chosen = st.selectbox(
        t("drill.choose_attempt"),
        range(len(attempts)),
        format_func=lambda index: _attempt_line(attempts[index]),
        key=f"attempt-{drill.id}-{len(attempts)}",
    )
    attempt = attempts[chosen or 0]
    st.code(attempt.source, language="python", line_numbers=True)
    st.button(t("drill.load"), key="load", on_click=_load, args=(drill, attempt.source))
    st.html(verdicts.banner(attempt))
    if attempt.diagnosis:
        st.markdown(attempt.diagnosis.explanation)


def reference(drill: Drill, state: DrillState) -> None:
    """The model answer: freely after a pass, else after saying so, which is recorded."""
    if state.passes or store().gave_up_lately(drill.id):
        st.html(f'<p class="ws-note">{escape(t("drill.reference_note"))}</p>')
        st.code(drill.reference, language="python", line_numbers=True)
        return
    st.html(f'<p class="ws-note">{escape(t("drill.reference_locked"))}</p>')
    if st.button(t("drill.give_up"), key="give-up"):
        confirm_giving_up(drill.id)


def confirm_giving_up(drill_id: str) -> None:
    """Ask before the reference is shown: it cannot be unseen."""

    @st.dialog(t("drill.give_up_title"))
    def ask() -> None:
        st.write(t("drill.give_up_text"))
        if st.button(
            t("drill.give_up_yes"),
            key="give-up-yes",
            type="primary",
            on_click=_give_up,
            args=(drill_id,),
        ):
            st.rerun()

    ask()


@frame.callback
def _give_up(drill_id: str) -> None:
    store().record_event(GAVE_UP, drill_id)
    Reviews(store()).drill_finished(drill_id, passed=False)


def _attempt_line(attempt: Attempt) -> str:
    return f"{t(f'verdict.{attempt.verdict}')} · {moment(attempt.happened_at)}"


def _load(drill: Drill, text: str) -> None:
    """Have the editor replace its text: a new nonce tells it to."""
    st.session_state[_load_key(drill)] = (text, uuid4().hex)


def _load_key(drill: Drill) -> str:
    return f"load-{drill.id}"
