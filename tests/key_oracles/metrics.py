"""Keys on metrics: counting a population in whole numbers, and the area under a drawn curve."""

from fractions import Fraction
from statistics import harmonic_mean

import numpy as np


def precision_from_rates(one_in, recall_percent, false_alarm_percent):
    """A population large enough for every group to be a whole number of cases."""
    cases = one_in * 100_000
    frauds = cases // one_in
    caught = frauds * recall_percent // 100
    false_alarms = (cases - frauds) * round(1000 * false_alarm_percent) // 100_000
    return float(Fraction(caught, caught + false_alarms))


def roc_auc(positives, negatives):
    """The curve through the rates at every threshold, and the area of its trapezoids."""
    scores = np.array([*positives, *negatives])
    labels = np.array([1] * len(positives) + [0] * len(negatives))
    thresholds = [np.inf, *sorted(set(scores), reverse=True)]
    hits = [np.mean(scores[labels == 1] >= t) for t in thresholds]
    alarms = [np.mean(scores[labels == 0] >= t) for t in thresholds]
    return float(np.trapezoid(hits, alarms))


def f1(tp, fp, fn, tn):
    """Every example written out, then the harmonic mean."""
    label = np.repeat([1, 0, 1, 0], [tp, fp, fn, tn]).astype(bool)
    flagged = np.repeat([1, 1, 0, 0], [tp, fp, fn, tn]).astype(bool)
    precision, recall = label[flagged].mean(), flagged[label].mean()
    return float(harmonic_mean([precision, recall]))
