"""What keeps a submission away from the learner's machine, in the interface's words."""

from __future__ import annotations

from app.i18n import t
from verifiers.isolation import Protection, isolation


def protection_note() -> str:
    """One line for the drill page: all is well, or what is missing."""
    found = isolation()
    if found.complete:
        return t("isolation.complete")
    return t("isolation.weaker", missing=", ".join(protection_name(p) for p in found.missing))


def protection_name(protection: Protection) -> str:
    return t(f"isolation.name.{_key(protection)}")


def protection_held(protection: Protection) -> str:
    """What holds where this protection is in force."""
    return t(f"isolation.held.{_key(protection)}")


def _key(protection: Protection) -> str:
    return protection.name.replace(" ", "-")
