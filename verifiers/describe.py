"""Decoded results in words: what kind of thing it is, its values, the exception it raised.

Everything that a submission had a hand in is cut and made safe to show.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from verifiers.printed import shown
from verifiers.tree import Array, OnDevice, Opaque

MANY_KEYS = 12  # of a dict, that a message lists


def show(value: Any) -> str:
    """A decoded result as a learner would print it, shortened."""
    bare = _bare(value)
    if isinstance(bare, torch.Tensor):
        text = str(bare).replace("\n", "\n  ")
        return text if len(text) < 800 else describe_kind(value)
    text = repr(bare)
    return text if len(text) < 800 else text[:797] + "…"


def _bare(value: Any) -> Any:
    """A decoded tree with plain tensors in place of what says where they came from."""
    match value:
        case OnDevice(values) | Array(values):
            return values
        case dict():
            return {key: _bare(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(map(_bare, value))
    return value


def describe_exception(outcome: dict) -> str:
    """`TypeError in line 3: unsupported operand`."""
    line = f" in line {outcome['line']}" if type(outcome.get("line")) is int else ""
    message = outcome.get("message")
    text = shown(message, 500).strip() if isinstance(message, str) else ""
    return f"{shown(outcome['raised'][0], 100)}{line}" + (f": {text}" if text else "")


def describe_kind(value: Any) -> str:
    """What kind of thing a decoded value is, in words."""
    match value:
        case OnDevice(values, device):
            place = "" if device == "cpu" else f" on {device}"
            return f"a torch tensor of {dtype_name(values)} and shape {tuple(values.shape)}{place}"
        case Array(values, True):
            return f"a NumPy {dtype_name(values)} scalar"
        case Array(values):
            return f"a NumPy array of {dtype_name(values)} and shape {tuple(values.shape)}"
        case Opaque(what):
            return what
        case None:
            return "None"
        case dict():
            more = f" and {len(value) - MANY_KEYS} more" if len(value) > MANY_KEYS else ""
            return f"a dict with the keys {sorted(map(short, value))[:MANY_KEYS]}{more}"
        case list() | tuple():
            return f"a {type(value).__name__} of length {len(value)}"
        case frozenset():
            return f"a set of {len(value)}"
        case str():
            return f"the text {short(repr(value[:80]))}"
    return f"the {type(value).__name__} {short(value)}"


def short(value: Any) -> str:
    """A value in at most 80 characters, safe to show; integers of any size."""
    if isinstance(value, int) and value.bit_length() > 200:
        return f"of {int(value.bit_length() * math.log10(2)) + 1} digits"
    return shown(value if isinstance(value, str) else repr(value)[:1000], 80)


def dtype_name(values: Tensor) -> str:
    return str(values.dtype).removeprefix("torch.")


def number(value: float) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)
