"""Keys on whole sequences by real searches, bisection, torch losses and exact fractions."""

import math
from fractions import Fraction

import torch


def beam_two(first, second):
    """Beam search over a tree in which each first token has two successors."""
    beams = sorted(((p / 100, (i,)) for i, p in enumerate(first)), reverse=True)[:2]
    grown = []
    for probability, path in beams:
        best = second[path[0]] / 100
        grown += [(probability * best, (*path, 0)), (probability * (1 - best) / 9, (*path, 1))]
    return max(grown)[0]


def length_penalty_tie(short, long, nats_short, nats_long):
    low, high = 0.0, 10.0
    for _ in range(200):
        middle = (low + high) / 2
        if -nats_short / short**middle > -nats_long / long**middle:
            low = middle
        else:
            high = middle
    return low


def perplexity(percents):
    """torch's cross-entropy over two classes, the token that came and everything else."""
    shares = torch.tensor([[p / 100, 1 - p / 100] for p in percents], dtype=torch.float64)
    targets = torch.zeros(len(percents), dtype=torch.long)
    return float(torch.nn.functional.cross_entropy(shares.log(), targets).exp())


def bits_per_byte(P, N, B):
    """Token by token: each costs as many bits as halvings of its probability."""
    return math.fsum(-math.log(1 / P) / math.log(2) for _ in range(N)) / B


def acceptance(p, q):
    """Over the drafted token: drafted with q, accepted with min(1, p / q)."""
    drafted = [Fraction(x, 100) for x in q]
    wanted = [Fraction(x, 100) for x in p]
    return float(sum(b * min(Fraction(1), a / b) for a, b in zip(wanted, drafted, strict=True)))
