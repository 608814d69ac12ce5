"""The one exception the parallelism lab raises for a setting that cannot work."""

from __future__ import annotations


class SettingError(ValueError):
    """A setting that cannot be simulated; the message says what was wrong and what would work."""
