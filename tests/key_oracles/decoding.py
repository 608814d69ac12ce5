"""Decoding keys by brute force over subsets and over outcomes."""

from itertools import combinations


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
