"""Small pieces of HTML, every text escaped. The style sheet is `app/static/style.css`."""

from __future__ import annotations

from html import escape
from typing import Literal

Tone = Literal["good", "bad", "warn", "calm", "plain"]


def chip(text: str, tone: Tone = "plain") -> str:
    """A short word in a tinted box. The word says it; the colour only repeats it."""
    return f'<span class="ws-chip ws-{tone}">{escape(text)}</span>'


def facts(*items: str) -> str:
    """Small grey facts in a row. Items are HTML: escape what comes from outside."""
    inside = "".join(f"<span>{item}</span>" for item in items if item)
    return f'<div class="ws-facts">{inside}</div>'


def bar(share: float, label: str, *, tone: Tone = "calm") -> str:
    """A thin progress bar for `share` in 0..1; `label` is what a screen reader says."""
    percent = round(100 * min(max(share, 0.0), 1.0))
    return (
        f'<div class="ws-bar ws-{tone}" role="img" aria-label="{escape(label)}">'
        f'<span style="width:{percent}%"></span></div>'
    )


def labelled_bar(name: str, share: float, figure: str, *, tone: Tone = "calm") -> str:
    """A bar with its name before it and its figure behind it."""
    return (
        f'<div class="ws-row"><span class="ws-row-name">{escape(name)}</span>'
        f"{bar(share, f'{name}: {figure}', tone=tone)}"
        f'<span class="ws-row-figure">{escape(figure)}</span></div>'
    )


def labelled_nothing(name: str, reason: str) -> str:
    """A row of the same shape where there is nothing to measure, and why."""
    return (
        f'<div class="ws-row"><span class="ws-row-name">{escape(name)}</span>'
        f'<span class="ws-row-none">{escape(reason)}</span></div>'
    )
