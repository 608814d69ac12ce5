"""Bytes per value, and numbers as people write them: 7B, 80GB, 1.5e12.

GB is 10**9 bytes (what a card's data sheet means), GiB is 2**30 (what `nvidia-smi` counts in).
"""

from __future__ import annotations

import re
from functools import cache

from topics.phrases import say

GB = 10**9
GIB = 2**30

BITS: dict[str, float] = {
    "fp64": 64,
    "fp32": 32,
    "tf32": 32,  # stored as fp32, multiplied with 10 bits of mantissa
    "bf16": 16,
    "fp16": 16,
    "fp8": 8,
    "int8": 8,
    "nf4": 4,
    "fp4": 4,
    "int4": 4,
}
ALIASES = {  # without the signs between letters and digits
    "float64": "fp64",
    "double": "fp64",
    "float32": "fp32",
    "float": "fp32",
    "single": "fp32",
    "f32": "fp32",
    "bfloat16": "bf16",
    "float16": "fp16",
    "half": "fp16",
    "f16": "fp16",
    "float8": "fp8",
    "e4m3": "fp8",
    "e5m2": "fp8",
    "fp8e4m3": "fp8",
    "fp8e5m2": "fp8",
    "float8e4m3": "fp8",
    "float8e5m2": "fp8",
    "float8e4m3fn": "fp8",
    "8bit": "int8",
    "uint8": "int8",
    "llmint8": "int8",
    "4bit": "nf4",
    "uint4": "int4",
    "gptq": "int4",
    "awq": "int4",
}
MULTIPLIERS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
BYTE_UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}


class SettingError(ValueError):
    """A setting that cannot be, with a message that says what would work."""


def refuse(template: str, **values: object) -> SettingError:
    """The error with its message in the reader's language (see `topics.phrases`)."""
    return SettingError(say(template, **values))


@cache
def dtype_name(name: str) -> str:
    """The short name of a dtype: "bfloat16" and "torch.bfloat16" become "bf16"."""
    key = re.sub(r"[^a-z0-9]", "", str(name).lower().replace("torch.", ""))
    key = ALIASES.get(key, key)
    if key not in BITS:
        raise refuse(
            "unknown dtype {name!r}; choose one of {names}", name=name, names=", ".join(BITS)
        )
    return key


def dtype_bytes(name: str) -> float:
    """Bytes of one stored value; 4-bit types take half a byte."""
    return BITS[dtype_name(name)] / 8


def parse_count(text: str | float | int) -> float:
    """A number that may carry K, M, B (or G) or T: "7B" is 7e9, "1.5e12" stays as it is.

    Raises SettingError for anything else, and for a number that is not positive.
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        value = float(text)
    else:
        cleaned = str(text).strip().lower().replace("_", "").replace(",", "")
        match = re.fullmatch(r"([0-9.]+(?:e[+-]?[0-9]+)?)([kmbgt]?)", cleaned)
        try:
            value = float(match[1]) * MULTIPLIERS[match[2]] if match else float("nan")
        except ValueError:
            value = float("nan")
    if not 0 < value < float("inf"):
        raise refuse("{text!r} is not a positive number; write 7B, 7e9 or 7000000000", text=text)
    return value


def parse_bytes(text: str | float | int) -> float:
    """An amount of memory: "80GB" is 80e9 bytes, "80GiB" is 80 * 2**30, a bare number is bytes."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return float(text)
    match = re.fullmatch(r"([0-9.]+(?:e[+-]?[0-9]+)?)([kmgt]?i?b?)", str(text).strip().lower())
    try:
        return float(match[1]) * BYTE_UNITS[match[2]] if match else _bad_size(text)
    except (KeyError, ValueError):
        return _bad_size(text)


def _bad_size(text: object) -> float:
    raise refuse(
        "{text!r} is not an amount of memory; write 80GB, 80GiB or a number of bytes", text=text
    )


def format_bytes(value: float) -> str:
    """For people, in decimal units: 112.0 GB, 1.34 GB, 512 B."""
    size = abs(value)
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            scaled = value / scale
            return f"{scaled:,.1f} {unit}" if abs(scaled) >= 100 else f"{scaled:,.2f} {unit}"
    return f"{value:,.0f} B"


def format_gib(value: float) -> str:
    """The same amount as nvidia-smi counts it, in GiB."""
    return f"{value / GIB:,.2f} GiB"


def format_count(value: float) -> str:
    """A count as papers write it: 6.74B, 124.4M, 512."""
    size = abs(value)
    for unit, scale in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e4)):
        if size >= scale:
            divisor = 1e3 if unit == "K" else scale
            return f"{value / divisor:,.4g}{unit}"
    return f"{value:,.0f}"
