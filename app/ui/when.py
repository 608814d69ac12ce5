"""Times as a person on this machine reads them."""

from __future__ import annotations

from datetime import date, datetime

from app.i18n import t


def moment(time: datetime) -> str:
    """A moment in local time: "today, 14:03", "yesterday, 09:12", else the date."""
    local = time.astimezone()
    return t("when.at", day=day(local.date()), time=f"{local:%H:%M}")


def day(when: date, today: date | None = None) -> str:
    """A day relative to today where that is easier to read."""
    apart = ((today or date.today()) - when).days
    if apart in (0, 1):
        return t("when.today" if apart == 0 else "when.yesterday")
    return t("when.date", year=when.year, month=t(f"month.{when.month}"), day=when.day)
