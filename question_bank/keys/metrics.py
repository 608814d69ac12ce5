"""Keys on the metrics of classifiers: precision from rates, ROC-AUC from scores, F1 from counts."""

from __future__ import annotations

import random
from typing import Any

from question_bank.keys import Key


def precision_from_rates(one_in: int, recall_percent: int, false_alarm_percent: float) -> Key:
    """Share of alarms that are right, by Bayes' rule, where one case in `one_in` is positive."""
    share = 1 / one_in
    hits = share * recall_percent / 100
    alarms = (1 - share) * false_alarm_percent / 100
    shown = {"hits": 1e6 * hits, "alarms": 1e6 * alarms, "positives": 1e6 * share}
    return Key(hits / (hits + alarms), {**shown, "negatives": 1e6 * (1 - share)})


def precision_is_recall(recall_percent: int) -> float:
    """The mistake of reading the chance of an alarm given fraud as that of fraud given an alarm."""
    return recall_percent / 100


def precision_is_specificity(false_alarm_percent: float) -> float:
    """The mistake of one minus the false-alarm rate, which is a share of the negatives."""
    return 1 - false_alarm_percent / 100


def precision_balanced(recall_percent: int, false_alarm_percent: float) -> float:
    """The mistake of forgetting how rare positives are."""
    return recall_percent / (recall_percent + false_alarm_percent)


def draw_scores(rng: random.Random) -> dict[str, Any]:
    """Scores of positives and negatives, mostly in order, with one tie between the two groups."""
    while True:
        scores = [s / 100 for s in rng.sample(range(6, 98), 9)]
        n_pos, n_neg = rng.randint(3, 4), rng.randint(3, 5)
        ranked = sorted(scores[: n_pos + n_neg], key=lambda s: s + rng.uniform(-0.35, 0.35))
        negatives, positives = ranked[:n_neg], ranked[n_neg:]
        negatives[rng.randrange(n_neg)] = rng.choice(positives)
        drawn = {"positives": positives, "negatives": negatives}
        if 0.55 <= roc_auc(**drawn).value <= 0.95:
            return {name: rng.sample(group, len(group)) for name, group in drawn.items()}


def _pairs(positives: list[float], negatives: list[float]) -> tuple[int, int, int]:
    """Pairs of a positive and a negative: in order, tied, all."""
    ordered = sum(p > n for p in positives for n in negatives)
    tied = sum(p == n for p in positives for n in negatives)
    return ordered, tied, len(positives) * len(negatives)


def roc_auc(positives: list[float], negatives: list[float]) -> Key:
    """Chance that a random positive scores above a random negative; a tie counts one half.

    Hanley and McNeil 1982, Radiology 143(1).
    """
    ordered, tied, pairs = _pairs(positives, negatives)
    shown = {"ordered": ordered, "pairs": pairs, "n_pos": len(positives), "n_neg": len(negatives)}
    return Key((ordered + tied / 2) / pairs, shown)


def roc_auc_tie_lost(positives: list[float], negatives: list[float]) -> float:
    """The mistake of counting a tie as a pair out of order."""
    ordered, _, pairs = _pairs(positives, negatives)
    return ordered / pairs


def roc_auc_tie_won(positives: list[float], negatives: list[float]) -> float:
    """The mistake of counting a tie as a pair in order."""
    ordered, tied, pairs = _pairs(positives, negatives)
    return (ordered + tied) / pairs


def accuracy_at_half(positives: list[float], negatives: list[float]) -> float:
    """The mistake of the accuracy at the threshold 0.5."""
    right = sum(p >= 0.5 for p in positives) + sum(n < 0.5 for n in negatives)
    return right / (len(positives) + len(negatives))


def draw_counts(rng: random.Random) -> dict[str, Any]:
    """A table of four counts in which precision and recall lie well apart."""
    while True:
        tp, fp, fn = rng.randint(12, 90), rng.randint(5, 120), rng.randint(5, 120)
        tn = rng.randint(100, 900)
        if abs(tp / (tp + fp) - tp / (tp + fn)) > 0.2:
            return {"tp": tp, "fp": fp, "fn": fn, "tn": tn}


def f1(tp: int, fp: int, fn: int, tn: int) -> Key:
    """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall."""
    shown = {"precision": f"{tp / (tp + fp):.3f}", "recall": f"{tp / (tp + fn):.3f}"}
    return Key(2 * tp / (2 * tp + fp + fn), {**shown, "n": tp + fp + fn + tn})


def f1_arithmetic(tp: int, fp: int, fn: int) -> float:
    """The mistake of the arithmetic mean of precision and recall."""
    return (tp / (tp + fp) + tp / (tp + fn)) / 2


def f1_accuracy(tp: int, fp: int, fn: int, tn: int) -> float:
    """The mistake of reporting accuracy."""
    return (tp + tn) / (tp + fp + fn + tn)


def f1_jaccard(tp: int, fp: int, fn: int) -> float:
    """The mistake of counting the true positives once."""
    return tp / (tp + fp + fn)
