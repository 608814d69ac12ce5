"""Accelerators: memory, peak FLOP/s by dtype, bandwidths, and a price to start from."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from topics.labs.memory.units import dtype_name, refuse

FILE = Path(__file__).parent / "cards.toml"
CONTEXT = 600e6  # bytes that a CUDA context and its libraries take before the first tensor


@dataclass(frozen=True)
class Card:
    """One accelerator. Peaks are dense, without structured sparsity."""

    name: str
    memory_gb: float  # as sold
    usable_bytes: float  # as the driver reports it
    bandwidth: float  # bytes per second of its own memory
    link: float  # bytes per second to its neighbours, one direction; 0 without a fast link
    price: float  # per hour; an assumption to be replaced
    source: str
    peak: MappingProxyType[str, float]  # FLOP/s by dtype
    aliases: tuple[str, ...] = ()

    def peak_flops(self, dtype: str = "bf16") -> float:
        """FLOP/s in a dtype; a card without bf16 units is asked for fp16, then fp32."""
        wanted = dtype_name(dtype)
        wanted = {"nf4": "bf16", "int4": "bf16"}.get(wanted, wanted)
        for name in (wanted, "bf16", "fp16", "fp32"):
            if name in self.peak:
                return self.peak[name]
        raise refuse("no peak is known for {name} in {dtype}", name=self.name, dtype=dtype)


@cache
def all_cards() -> dict[str, Card]:
    """Every card by name, older and smaller ones first within a maker."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: _card(name, table) for name, table in tables.items()}


def _card(name: str, table: dict[str, Any]) -> Card:
    return Card(
        name,
        table["memory_gb"],
        table["usable_mib"] * 2.0**20,
        table["bandwidth"] * 1e12,
        table["link"] * 1e9,
        table["price"],
        table["source"],
        MappingProxyType({dtype: tera * 1e12 for dtype, tera in table["peak"].items()}),
        tuple(table.get("aliases", ())),
    )


def _key(name: str) -> str:
    """ "NVIDIA A100-SXM4-80GB" and "a100 80gb sxm" are the same card."""
    plain = re.sub(r"nvidia|geforce|tesla|amd|instinct|rtx|hbm\d*e?", " ", name.lower())
    plain = re.sub(r"sxm\d", "sxm", plain)
    return "".join(sorted(re.findall(r"[a-z0-9]+", plain)))


@cache
def card(name: str) -> Card:
    """The card of that name, however it is spelled. Raises SettingError with the nearest names."""
    keys = {_key(n): c for c in all_cards().values() for n in (*c.aliases, c.name)}
    found = keys.get(_key(name))
    if found is None:
        near = difflib.get_close_matches(_key(name), keys, n=4, cutoff=0.3)
        names = ", ".join(dict.fromkeys(keys[key].name for key in near)) or ", ".join(all_cards())
        raise refuse("no card is called {name!r}; near it: {names}", name=name, names=names)
    return found
