"""Language, where progress lies and how to move it, and what protects this machine."""

from __future__ import annotations

from app.i18n import t
from app.ui import frame, settings_view

frame.title(t("nav.settings"))
settings_view.language()
settings_view.theme()
settings_view.data()
settings_view.machine()
