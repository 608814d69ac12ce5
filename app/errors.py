"""The errors whose message is written for the learner, and shown without a traceback."""

from __future__ import annotations


class LearnerError(Exception):
    """Something the learner can put right; the message says what and how."""


class UsageError(LearnerError):
    """A command was called with something it cannot use."""
