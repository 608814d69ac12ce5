"""Decoding keys by brute force over subsets and outcomes, and by real softmaxes."""

import math
from itertools import combinations

import numpy as np
import torch


def top_p_leader(percents, p):
    for size in range(1, len(percents) + 1):
        heaviest = max(combinations(percents, size), key=sum)
        if sum(heaviest) >= round(p * 100):
            return max(heaviest) / sum(heaviest)
    raise AssertionError("the whole vocabulary reaches any p")


def speculative_tokens(a, k):
    """Over every outcome: i drafts accepted, then one token more from the large model."""
    outcomes = [(i + 1, a**i * (1 - a)) for i in range(k)] + [(k + 1, a**k)]
    return sum(tokens * probability for tokens, probability in outcomes)


def top_p_flat_tail(n_vocab, leader, p):
    tail = np.full(n_vocab - 1, (1 - leader) / (n_vocab - 1))
    sums = leader + np.cumsum(tail)
    return 2 + int(np.searchsorted(sums, p))


def min_p_logit_gap(T, m):
    """Bisection over the logit of a second token, on real probabilities."""
    low, high = 0.0, 100.0
    for _ in range(200):
        gap = (low + high) / 2
        leader, other = (math.exp(z / T) for z in (0.0, -gap))
        kept = other / (leader + other) >= m * leader / (leader + other)
        low, high = (gap, high) if kept else (low, gap)
    return low


def odds_at_temperature(ratio, temperature):
    shares = torch.tensor([ratio, 1.0, 0.5], dtype=torch.float64)
    logits = (shares / shares.sum()).log()
    first, second, _ = torch.softmax(logits / temperature, 0).tolist()
    return first / second


def penalty_factor(count, frequency, presence, temperature):
    """Token 0 is used `count` times; every use is penalised as it happens."""
    logits = torch.zeros(3, dtype=torch.float64)
    used = set()
    for _ in range(count):
        logits[0] -= frequency
        if 0 not in used:
            logits[0] -= presence
        used.add(0)
    probabilities = torch.softmax(logits / temperature, 0)
    return float(probabilities[1] / probabilities[0])


def tail_accident(t, n):
    """Over the step at which the first accident happens."""
    return math.fsum(t * (1 - t) ** step for step in range(n))
