"""Reads settings that a person typed, on a command line or in a JSON file, with clear refusals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from topics.labs.parallel.errors import SettingError
from topics.labs.parallel.network.links import Link, get_link
from topics.labs.parallel.spellings import DTYPE_BYTES, canonical, spelled, squash

GB, MICROSECOND = 1e9, 1e-6
SUFFIXES = {"K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}


class Fields:
    """Values by name, each text or already of its type; remembers which were asked for.

    Every reader returns the default where the name was not given, and raises SettingError with
    the option's name where the value is not of its type. `spellings` says how names may be written.
    """

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = canonical(values)
        self.asked: set[str] = set()

    def given(self, name: str) -> bool:
        self.asked.add(name)
        return squash(name) in self._values

    def text(self, name: str, default: str) -> str:
        return str(self._value(name)).strip() if self.given(name) else default

    def choice(
        self,
        name: str,
        choices: Iterable[str],
        default: str,
        also: Mapping[str, str] | None = None,
    ) -> str:
        """One of `choices`, or of the other names for them in `also`."""
        known = list(choices)
        value = spelled(self.text(name, default), known, also)
        if value not in known:
            raise SettingError(f"{option(name)} is one of {', '.join(known)}, not {value!r}.")
        return value

    def integer(self, name: str, default: int) -> int:
        if not self.given(name):
            return default
        number = self._number(name, self._value(name))
        if number != int(number):
            raise SettingError(f"{option(name)} takes a whole number, not {number:g}.")
        return int(number)

    def number(self, name: str, default: float) -> float:
        return self._number(name, self._value(name)) if self.given(name) else default

    def width(self, name: str, default: float) -> float:
        """Bytes of a number: given as such, or as the name of a dtype."""
        if not self.given(name):
            return default
        value = self._value(name)
        return self._number(name, DTYPE_BYTES.get(squash(str(value)), value))

    def maybe_number(self, name: str) -> float | None:
        return self._number(name, self._value(name)) if self.given(name) else None

    def numbers(self, name: str, default: float) -> float | tuple[float, ...]:
        """One number, or several: a list, or text with commas."""
        if not self.given(name):
            return default
        value = self._value(name)
        parts: list[object] = []
        for part in value if isinstance(value, (list, tuple)) else [value]:
            words = part.split(",") if isinstance(part, str) else [part]
            parts += [word for word in words if not isinstance(word, str) or word.strip()]
        if not parts:
            raise SettingError(f"{option(name)} is empty: give a number, or several.")
        found = tuple(self._number(name, part) for part in parts)
        return found[0] if len(found) == 1 else found

    def integers(self, name: str) -> list[int]:
        """A list of whole numbers; empty where the name was not given."""
        if not self.given(name):
            return []
        values = self.numbers(name, 0.0)
        found = values if isinstance(values, tuple) else (values,)
        if any(value != int(value) or value < 1 for value in found):
            raise SettingError(f"{option(name)} takes whole numbers of 1 or more.")
        return [int(value) for value in found]

    def flag(self, name: str, default: bool) -> bool:
        if not self.given(name):
            return default
        value = self._value(name)
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        word = str(value).strip().lower()
        if word not in words:
            raise SettingError(f"{option(name)} is yes or no, not {value!r}.")
        return words[word]

    def link(self, name: str, default: str) -> Link:
        """A link by name, or as GIGABYTES_PER_SECOND:MICROSECONDS."""
        value = self.text(name, default)
        if ":" not in value:
            return get_link(value)
        speed, _, latency = value.partition(":")
        seconds = self._number(name, latency) * MICROSECOND
        return Link(value, seconds, self._number(name, speed) * GB)

    def refuse_the_rest(self, what: str) -> None:
        """Raises SettingError where something was given that nothing asked for."""
        used = {squash(name) for name in self.asked}
        extra = sorted(written for name, (written, _) in self._values.items() if name not in used)
        if extra:
            raise SettingError(
                f"{what} does not use {', '.join(option(name) for name in extra)}. "
                f"It uses {', '.join(sorted(option(name) for name in self.asked))}."
            )

    def _value(self, name: str) -> object:
        return self._values[squash(name)][1]

    def _number(self, name: str, value: object) -> float:
        try:
            if isinstance(value, bool):
                raise ValueError
            text = str(value).strip()
            times = SUFFIXES.get(text[-1:].upper(), 1.0)
            number = float(text[:-1] if times > 1 else text) * times
            if not math.isfinite(number):
                raise ValueError
            return number
        except (TypeError, ValueError):
            raise SettingError(f"{option(name)} takes a number, not {value!r}.") from None


def option(name: str) -> str:
    """How a setting is written on the command line."""
    return "--" + name.replace("_", "-")
