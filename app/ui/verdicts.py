"""How a verdict is drawn. Everything a submission had a hand in is escaped.

A verdict from the judge and an attempt from the store have the same fields, so one function
draws both.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Protocol

import streamlit as st

from app.i18n import plural, t
from app.ui.cards import verdict_tone
from app.ui.html import chip, facts
from verifiers.verdict import CheckResult, Diagnosis, Kind


class Judged(Protocol):
    """What is drawn of a `Verdict` or of an `Attempt`."""

    @property
    def verdict(self) -> Kind: ...
    @property
    def checks(self) -> tuple[CheckResult, ...]: ...
    @property
    def diagnosis(self) -> Diagnosis | None: ...
    @property
    def printed(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def wall_ms(self) -> float: ...
    @property
    def seed(self) -> int: ...


def draw(judged: Judged, *, problem: str = "") -> None:
    """The verdict, what was probably misunderstood, every check, and what was printed."""
    st.html(banner(judged))
    if problem:
        st.warning(t("verdict.not_recorded", reason=problem))
    if judged.diagnosis:
        draw_diagnosis(judged.diagnosis)
    if judged.checks:
        st.html(check_list(judged.checks))
    draw_printed(judged.printed)


def draw_example(judged: Judged) -> None:
    """The outcome of running the worked example: a look, not a judgement."""
    if not judged.checks:  # it did not come to the example
        st.html(banner(judged))
    else:
        check = judged.checks[0]
        heading = t(f"example.{'agrees' if check.passed else 'differs'}")
        detail = f'<pre class="ws-printed">{escape(check.detail)}</pre>' if check.detail else ""
        box = f"ws-verdict ws-{'good' if check.passed else 'bad'}"
        st.html(f'<div class="{box}" role="status"><b>{escape(heading)}</b></div>{detail}')
    draw_printed(judged.printed)


def running(checks: Sequence[CheckResult], *, starting: bool) -> str:
    """What is known while the judge works, as one piece of HTML."""
    heading = t("verdict.starting" if starting else "verdict.judging")
    done = plural("verdict.checks_so_far", len(checks)) if checks else ""
    inside = f"<b>{escape(heading)}</b>{facts(escape(done))}"
    box = f'<div class="ws-verdict" role="status">{inside}</div>'
    return box + (f'<div class="ws-below">{check_list(checks)}</div>' if checks else "")


def banner(judged: Judged) -> str:
    """The box that says how it went."""
    passed = sum(check.passed for check in judged.checks)
    counted = t("verdict.checks_passed", passed=passed, total=len(judged.checks))
    line = facts(
        escape(counted) if judged.checks else "",
        escape(t("verdict.took", ms=f"{judged.wall_ms:.0f}")) if judged.wall_ms else "",
        escape(t("verdict.seed", seed=judged.seed)) if judged.checks else "",
    )
    message = f"<p>{escape(judged.message)}</p>" if judged.message else ""
    return (
        f'<div class="ws-verdict ws-{verdict_tone(judged.verdict)}" role="status">'
        f"<b>{escape(t(f'verdict.{judged.verdict}'))}</b>{message}{line}</div>"
    )


def draw_diagnosis(diagnosis: Diagnosis) -> None:
    """The misconception, prominently: the one thing to read after a failure."""
    with st.container(key="diagnosis"):
        heading = t("diagnosis.known" if diagnosis.mistake is not None else "diagnosis.hint")
        st.html(f'<p class="ws-eyebrow">{escape(heading)}</p>')
        st.markdown(diagnosis.explanation)


def check_list(checks: Sequence[CheckResult]) -> str:
    """Every check with its outcome. A failed one says what differs; the first is open."""
    first = next((check for check in checks if not check.passed), None)
    rows = "".join(_check_row(check, opened=check is first) for check in checks)
    label = escape(t("verdict.checks"))
    return f'<div class="ws-checks" role="list" aria-label="{label}">{rows}</div>'


def draw_printed(printed: str) -> None:
    """What the submission wrote to stdout and stderr, as text and nothing else."""
    if printed.strip():
        st.html(
            f'<p class="ws-eyebrow">{escape(t("verdict.printed"))}</p>'
            f'<pre class="ws-printed">{escape(printed)}</pre>'
        )


def _check_row(check: CheckResult, *, opened: bool) -> str:
    outcome = chip(
        t(f"check.{'passed' if check.passed else 'failed'}"), "good" if check.passed else "bad"
    )
    head = f"<span>{escape(check.name)}</span>{outcome}"
    if check.passed or not check.detail:
        return f'<div role="listitem"><div class="ws-check">{head}</div></div>'
    summary = f'<summary class="ws-check">{head}</summary>'
    details = f"{summary}<pre>{escape(check.detail)}</pre>"
    return f'<div role="listitem"><details{" open" if opened else ""}>{details}</details></div>'
