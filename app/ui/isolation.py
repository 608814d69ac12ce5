"""What keeps a submission away from the learner's machine, in the interface's words."""

from __future__ import annotations


def protection_note() -> str:
    return ""
