"""How `trigrams.json` was made: real next-word distributions, cut from a published language model.

The model is CMU's US English trigram model with 72,547 words, as packaged in pocketsphinx 5.1.1
(licence beside this file). Run it only to remake the data: `pip install pocketsphinx==5.1.1`, then
`python topics/decoding/extract_trigrams.py`. Nothing in the product imports this file.
"""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path

import numpy as np
import pocketsphinx  # type: ignore[import-not-found]

from topics.decoding.beam import Model, search

HERE = Path(__file__).parent
CONTEXTS = ("a cup of", "the united", "she opened the", "i want to")
BEAM_STARTS = ("as a", "a cup", "she opened", "there is")
WIDEST, DEEPEST = 5, 8
NAMED = 60  # the likeliest words of a context are stored one by one
GROUP = 0.02  # nats: the rest is stored in groups of nearly equal log-probability
LOG_BASE = math.log(1.0001)  # the unit in which pocketsphinx gives log-probabilities

MODEL_FILE = Path(pocketsphinx.__file__).parent / "model" / "en-us" / "en-us.lm.bin"
MODEL = pocketsphinx.NGramModel.readfile(str(MODEL_FILE))


def vocabulary() -> list[str]:
    """The words, which stand at the end of the file, each ended by a zero byte."""
    raw = MODEL_FILE.read_bytes()
    n_words = int.from_bytes(raw[20:24], "little")
    words = raw[-(2**20) :].split(b"\0")[:-1][-n_words:]
    return [word.decode("latin1") for word in words]


WORDS = vocabulary()


def log_probabilities(previous: str, last: str) -> np.ndarray:
    """log P(word | previous last) of every word; the start mark cannot be generated."""
    logs = LOG_BASE * np.array([MODEL.prob([word, last, previous]) for word in WORDS])
    logs[WORDS.index("<s>")] = -np.inf
    return logs - np.log(np.exp(logs).sum())


def distribution(context: str) -> dict[str, list[list[float | str]]]:
    """The likeliest words with their log-probability, and the tail as (how many, log of each)."""
    previous, last = context.split()[-2:]
    logs = log_probabilities(previous, last)
    order = np.argsort(-logs)[:-1]
    named: list[list[float | str]] = [[WORDS[i], round(float(logs[i]), 4)] for i in order[:NAMED]]
    tail = logs[order[NAMED:]]
    keys = np.floor((tail[0] - tail) / GROUP)
    groups: list[list[float | str]] = []
    for key in np.unique(keys):
        inside = tail[keys == key]
        mean = math.log(np.exp(inside).sum() / len(inside))
        groups.append([len(inside), round(mean, 4)])
    return {"named": named, "tail": groups}


@functools.cache
def row(previous: str, last: str) -> tuple[tuple[str, float], ...]:
    """The continuations of two words that a beam of the widest width may need."""
    logs = log_probabilities(previous, last)
    best = np.argsort(-logs)[: WIDEST + 1]
    return tuple((WORDS[i], round(float(logs[i]), 4)) for i in best)


class Recorder(Model):
    """The full model, noting every row that is asked for."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[tuple[str, float], ...]] = {}

    def continuations(self, previous: str, last: str) -> tuple[tuple[str, float], ...]:
        return self.rows.setdefault(f"{previous} {last}", row(previous, last))


def main() -> None:
    recorder = Recorder()
    for start in BEAM_STARTS:
        for width in range(1, WIDEST + 1):
            search(recorder, tuple(start.split()), width, DEEPEST)
    data = {
        "source": "CMU US English generic trigram model (pocketsphinx 5.1.1), natural logarithms",
        "words": len(WORDS) - 1,
        "contexts": {context: distribution(context) for context in CONTEXTS},
        "rows": dict(sorted(recorder.rows.items())),
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    (HERE / "trigrams.json").write_text(text.replace('],["', '],\n["') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
