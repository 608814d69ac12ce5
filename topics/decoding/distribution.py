"""Next-word distributions over a whole vocabulary, and what temperature and the filters do.

The 60 likeliest words are held one by one. The other 72,000 are held in groups of nearly equal
probability, so every sum over the vocabulary is right to about one part in a hundred of the group
and takes microseconds.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topics.decoding.beam import END, SPOKEN_END, stored

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NextWord:
    """Likeliest first: names of the first words; words in each entry, and log P of each."""

    names: tuple[str, ...]
    counts: Array  # (entries,), 1 for a named word
    logits: Array  # (entries,), log P at temperature 1: softmax gives P back

    def at_temperature(self, temperature: float) -> Array:
        """P of one word of each entry, shape (entries,). Temperature 0 is the greedy limit."""
        if temperature == 0:
            return np.eye(1, len(self.logits))[0]
        weights = np.exp((self.logits - self.logits[0]) / temperature)
        return np.asarray(weights / (self.counts * weights).sum())

    def entropy(self, p: Array) -> float:
        """Entropy in bits of probabilities as `at_temperature` gives them."""
        seen = p > 0
        return float(-(self.counts[seen] * p[seen] * np.log2(p[seen])).sum()) + 0.0

    def top_k(self, k: int) -> Array:
        """How many words of each entry the k likeliest hold, shape (entries,)."""
        before = np.cumsum(self.counts) - self.counts
        return np.clip(k - before, 0, self.counts)

    def top_p(self, p: Array, threshold: float) -> Array:
        """How many words of each entry are in the smallest set whose probability reaches it."""
        before = np.cumsum(self.counts * p) - self.counts * p
        wanted = np.divide(threshold - before, p, out=np.zeros_like(p), where=p > 0)
        kept = np.clip(np.ceil(wanted - 1e-9), 0, self.counts)
        kept[0] = max(kept[0], 1)
        return np.asarray(kept)

    def min_p(self, p: Array, share: float) -> Array:
        """How many words of each entry have at least this share of the likeliest word's P."""
        return np.where(p >= share * p[0], self.counts, 0.0)


@functools.cache
def contexts() -> dict[str, NextWord]:
    """The stored distributions by the words that precede."""
    return {name: _next_word(entry) for name, entry in stored()["contexts"].items()}


def _next_word(entry: dict[str, list[list[float]]]) -> NextWord:
    named, tail = entry["named"], entry["tail"]
    return NextWord(
        names=tuple(str(name).replace(END, SPOKEN_END) for name, _ in named),
        counts=np.array([1.0] * len(named) + [count for count, _ in tail]),
        logits=np.array([log_p for _, log_p in named] + [log_p for _, log_p in tail]),
    )
