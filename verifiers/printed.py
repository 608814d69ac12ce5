"""What a submission printed or says, made safe to show: no control sequences, no tricks."""

from __future__ import annotations

import re

# Operating-system commands and strings (ended by BEL or ST), CSI sequences, other escapes.
_SEQUENCES = re.compile(
    r"\x1b[\]PX^_].*?(?:\x07|\x1b\\|\Z)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
# Control characters but tab and newline, and marks that reorder the text around them.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")


def clean(raw: bytes) -> str:
    """Decode UTF-8 (bad bytes become U+FFFD) and strip everything that could steer a terminal."""
    text = raw.decode("utf-8", errors="replace")
    text = _SEQUENCES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text)


def shown(text: str, limit: int) -> str:
    """Text that a submission had a hand in, in at most `limit` characters and safe to show.

    Raises TypeError for what is no text.
    """
    if not isinstance(text, str):
        raise TypeError("not a text")
    short = clean(text[: 2 * limit].encode("utf-8", "replace"))
    return short if len(short) <= limit and len(text) <= 2 * limit else f"{short[: limit - 1]}…"
