"""What can go wrong with recorded progress, each with a message that says what to do."""

from __future__ import annotations

from app.errors import LearnerError


class StoreError(LearnerError):
    """Progress could not be read or written. The message is written for the learner."""


class StoreUnwritableError(StoreError):
    """The data folder cannot be made or written: read-only, full, or not a folder."""


class StoreBusyError(StoreError):
    """Another program kept the database to itself for too long."""


class StoreDamagedError(StoreError):
    """The database cannot be read. It is left exactly as it is."""


class StoreNewerError(StoreError):
    """The database was written by a newer Whetstone. It is left exactly as it is."""


class StoreImportError(StoreError):
    """A file to import is not an export, or is incomplete. Nothing of it was written."""
