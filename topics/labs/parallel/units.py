"""Numbers for people: bytes, seconds, six digits."""

from __future__ import annotations


def number(value: float) -> str:
    """Six significant digits, no trailing zeros."""
    return f"{value:.6g}"


def size(value: float) -> str:
    """Bytes in the largest binary unit that leaves a number of one or more; plain below a KiB."""
    for unit, scale in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if value >= scale:
            return f"{value / scale:.4g} {unit}"
    return f"{value:.4g} B"


def duration(value: float) -> str:
    """Seconds as s, ms or µs."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= scale:
            return f"{value / scale:.4g} {unit}"
    return f"{value:.4g} s"
