"""The first page: three steps for a newcomer, and for everybody else what to do today."""

from __future__ import annotations

from app.ui import home_view
from app.ui.progress import standing

stand = standing()
if stand.newcomer:
    home_view.welcome(stand)
else:
    home_view.today(stand)
