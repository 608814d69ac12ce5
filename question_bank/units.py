"""The units that answers come in: their names, what they measure, and how large they are.

Prefixes are decimal (GB = 10**9 bytes) or binary (GiB = 2**30 bytes), as IEC 80000-13 has them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

DECIMAL = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21}
BINARY = {f"{prefix}i": 1024.0**n for n, prefix in enumerate("KMGTPE", start=1)}
DECIMAL_WORDS = {"kilo": 1e3, "mega": 1e6, "giga": 1e9, "tera": 1e12, "peta": 1e15, "exa": 1e18}
BINARY_WORDS = {f"{w}bi": 1024.0**n for n, w in enumerate(("ki", "me", "gi", "te", "pe"), start=1)}
SCALES = {
    **{"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "B": 1e9, "T": 1e12, "bn": 1e9},
    **{"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12},
    **{"万": 1e4, "亿": 1e8},
}
TIMES = {
    **{"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "秒": 1.0},
    **{"ms": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3},
    **{"us": 1e-6, "µs": 1e-6, "μs": 1e-6, "microsecond": 1e-6, "microseconds": 1e-6, "ns": 1e-9},
    **{"min": 60.0, "minute": 60.0, "minutes": 60.0},
    **{"h": 3600.0, "hr": 3600.0, "hour": 3600.0, "hours": 3600.0},
    **{"d": 86400.0, "day": 86400.0, "days": 86400.0},
}
COUNTED = {
    "parameters": ("parameter", "parameters", "params", "param", "weights"),
    "tokens": ("token", "tokens", "tok"),
    "values": ("value", "values", "numbers", "elements", "element", "entries", "scores"),
    "GPUs": ("gpu", "gpus", "GPU", "GPUs", "card", "cards", "ranks", "rank", "devices"),
    "layers": ("layer", "layers", "blocks", "block", "pages"),
    "heads": ("head", "heads"),
    "steps": ("step", "steps", "updates", "iterations", "slots"),
    "micro-batches": ("micro-batch", "micro-batches", "microbatches", "microbatch"),
    "requests": ("request", "requests", "sequences", "sequence", "users"),
    "samples": ("sample", "samples", "examples", "images"),
    "pixels": ("pixel", "pixels", "patches", "patch", "px"),
    "messages": ("message", "messages", "calls", "collectives", "all-reduces"),
}


@dataclass(frozen=True)
class Unit:
    """A unit: the name shown, what it measures, and its size in the base unit of that."""

    name: str
    dimension: str
    factor: float


def find_unit(alias: str, dimension: str | None = None) -> Unit | None:
    """The unit an alias means; one that measures `dimension` wins where there are several."""
    found = _aliases().get(alias) or _folded().get(alias.lower()) or ()
    for unit in found:
        if unit.dimension == dimension:
            return unit
    return found[0] if found else None


@functools.cache
def _folded() -> dict[str, tuple[Unit, ...]]:
    """The same table without regard to case; what was added first wins."""
    folded: dict[str, tuple[Unit, ...]] = {}
    for alias, units in _aliases().items():
        folded.setdefault(alias.lower(), units)
    return folded


@functools.cache
def all_aliases() -> tuple[str, ...]:
    """Every way to write a unit, longest first."""
    return tuple(sorted(_aliases(), key=len, reverse=True))


@functools.cache
def _aliases() -> dict[str, tuple[Unit, ...]]:
    table: dict[str, tuple[Unit, ...]] = {}

    def add(alias: str, unit: Unit) -> None:
        table[alias] = (*table.get(alias, ()), unit)

    for alias, unit in (
        *_bytes(),
        *_rates("FLOP", ("flop", "flops", "FLOPs", "FLOPS"), "flop"),
        *_rates("FLOP/s", ("FLOPS", "flop/s", "flops/s", "FLOPs/s", "flops"), "flop/s"),
        *_rates("B/s", ("bytes/s", "Bps"), "byte/s"),
        *_times(),
        *_ratios(),
        *_money(),
        *_counts(),
    ):
        add(alias, unit)
    return table


def _bytes() -> list[tuple[str, Unit]]:
    names = [(a, Unit("bytes", "byte", 1.0)) for a in ("B", "byte", "bytes", "字节")]
    names += [(a, Unit("bits", "byte", 0.125)) for a in ("bit", "bits")]
    for prefix, factor in {**DECIMAL, **BINARY}.items():
        shown = prefix.replace("k", "K") + "B"
        names.append((f"{prefix}B", Unit(shown, "byte", factor)))
        # "gb" can only be a sloppy GB, while "Gb" is how network speeds are given.
        names.append((f"{prefix}b".lower(), Unit(shown, "byte", factor)))
        bits = Unit(f"{prefix}bit", "byte", factor / 8)
        names += [(f"{prefix}bit", bits), (f"{prefix}b", bits)]
        names += [(f"{prefix}bits", bits)]
    for word, factor in {**DECIMAL_WORDS, **BINARY_WORDS}.items():
        binary = word.endswith("bi")
        letter = word[0].upper()
        unit = Unit(f"{letter}{'i' if binary else ''}B", "byte", factor)
        names += [(f"{word}byte", unit), (f"{word}bytes", unit)]
        bits = Unit(f"{letter}{'i' if binary else ''}bit", "byte", factor / 8)
        names += [(f"{word}bit", bits), (f"{word}bits", bits)]
    return names


def _rates(base: str, others: tuple[str, ...], dimension: str) -> list[tuple[str, Unit]]:
    names = []
    for prefix, factor in {"": 1.0, **DECIMAL}.items():
        unit = Unit(prefix + base, dimension, factor)
        names += [(prefix + alias, unit) for alias in (base, *others)]
    for word, factor in DECIMAL_WORDS.items():
        names += [(word + alias, Unit(word + base, dimension, factor)) for alias in others]
    return names


def _times() -> list[tuple[str, Unit]]:
    names = [(a, Unit(a, "second", f)) for a, f in TIMES.items()]
    for alias, factor in TIMES.items():
        if factor < 60:
            continue
        unit = Unit(f"GPU-{alias}", "GPU-second", factor)
        names += [(gpu + alias, unit) for gpu in ("GPU-", "GPU ", "gpu-", "gpu ", "card-")]
    return names


def _ratios() -> list[tuple[str, Unit]]:
    percent = [(a, Unit("%", "ratio", 0.01)) for a in ("%", "percent", "per cent", "％")]
    times = [(a, Unit("×", "ratio", 1.0)) for a in ("x", "×", "times", "fold", "倍")]
    plain = [("none", Unit("", "number", 1.0)), ("ratio", Unit("", "ratio", 1.0))]
    bits = [("bits/value", Unit("bits/value", "bit/value", 1.0))]
    return [*percent, *times, *plain, *bits]


def _money() -> list[tuple[str, Unit]]:
    dollars = [(a, Unit("$", "dollar", 1.0)) for a in ("$", "USD", "dollars", "dollar", "usd")]
    per_million = Unit("$/M tokens", "dollar/token", 1e-6)
    # The dollar sign stands before the number, so it is no part of the unit's alias.
    names = ["/M tokens", "/Mtok", " per million tokens", "dollars per million tokens"]
    names += ["$/M tokens", "$/Mtok"]
    return [*dollars, *((name, per_million) for name in names)]


def _counts() -> list[tuple[str, Unit]]:
    names = [
        (alias, Unit(dimension, dimension, 1.0))
        for dimension, aliases in COUNTED.items()
        for alias in aliases
    ]
    for top in ("tokens", "token", "tok"):
        names.append((f"{top}/s", Unit("tokens/s", "token/s", 1.0)))
        names.append((f"{top} per second", Unit("tokens/s", "token/s", 1.0)))
    for top in ("FLOP", "FLOPs", "flop", "flops"):
        unit = Unit("FLOP/byte", "flop/byte", 1.0)
        names += [(f"{top}/byte", unit), (f"{top}/B", unit)]
    for bottom in ("parameter", "param", "token", "value"):
        for top in ("bytes", "byte", "B"):
            unit = Unit(f"bytes/{bottom}", "byte", 1.0)
            names.append((f"{top}/{bottom}", unit))
            names.append((f"{top} per {bottom}", unit))
    return names


def in_unit(value: float, unit: Unit) -> str:
    """A base value written in one unit with four significant digits: `104.3 GiB`."""
    number = value / unit.factor
    whole = abs(number - round(number)) <= 1e-9 * max(1.0, abs(number))
    if whole and abs(number) < 1e15:
        text = f"{round(number):,}"
    elif number and not 1e-3 <= abs(number) < 1e6:
        text = f"{number:.4g}"
    else:
        text = f"{float(f'{number:.4g}'):,}"
    if unit.name in ("", "%", "×"):
        return f"{text}{' ' if unit.name == '%' else ''}{unit.name}"
    return f"${text}{unit.name[1:]}" if unit.name.startswith("$") else f"{text} {unit.name}"
