"""Schedules that alternate one forward with one backward: 1F1B, interleaved, ZB-H1 and ZB-H2.

They differ in two numbers per rank: how many forwards it runs before its first backward, and by
how many backwards it puts off the gradient of the weights. So one function builds all of them.
"""

from __future__ import annotations

import numpy as np

from topics.labs.parallel.pipeline.ops import IntArray, Kind, Shape


def one_f_one_b(shape: Shape) -> list[IntArray]:
    """1F1B (Narayanan et al. 2019): p − 1 − r warm-up forwards on rank r, then one and one."""
    p = shape.n_ranks
    return [_order(shape, rank, warm_up=p - 1 - rank) for rank in range(p)]


def interleaved(shape: Shape) -> list[IntArray]:
    """Interleaved 1F1B (Narayanan et al. 2021, section 2.2): v chunks per rank, visited in turn."""
    p, v = shape.n_ranks, shape.n_chunks
    return [_order(shape, rank, warm_up=(v - 1) * p + 2 * (p - 1 - rank)) for rank in range(p)]


def zb_h1(shape: Shape) -> list[IntArray]:
    """ZB-H1 (Qi et al. 2023, section 2.1): 1F1B's memory, a third of its bubble.

    Rank r puts off r weight gradients, so that every rank holds the same number of micro-batches
    and the put-off work fills the end. With several chunks this is the interleaved form.
    """
    p, v = shape.n_ranks, shape.n_chunks
    return [
        _order(shape, rank, warm_up=(v - 1) * p + p - 1 - rank, put_off=rank) for rank in range(p)
    ]


def zb_h2(shape: Shape) -> list[IntArray]:
    """ZB-H2 (Qi et al. 2023, section 2.2): no bubble when F = B = W, for twice the memory."""
    p = shape.n_ranks
    return [_order(shape, rank, warm_up=2 * (p - 1 - rank), put_off=2 * rank) for rank in range(p)]


def _order(shape: Shape, rank: int, warm_up: int, put_off: int | None = None) -> IntArray:
    """One rank's order; `put_off` None runs both halves of the backward as one operation.

    Every operation gets a key and the order is the order of the keys: in round i the rank runs
    forward warm_up + i, backward i and weight gradient i − put_off, those of them that exist.
    """
    n_ops = shape.n_micro_batches * shape.n_chunks
    rounds = np.arange(n_ops)
    forwards = _visits(shape, rank, Kind.FORWARD)
    keys = [3 * (rounds - min(warm_up, n_ops)), 3 * rounds + 1]
    if put_off is None:
        codes = [forwards, _visits(shape, rank, Kind.BACKWARD)]
    else:
        keys.append(3 * (rounds + put_off) + 2)
        inputs, weights = Kind.BACKWARD_INPUT, Kind.BACKWARD_WEIGHT
        codes = [forwards, _visits(shape, rank, inputs), _visits(shape, rank, weights)]
    return np.concatenate(codes)[np.argsort(np.concatenate(keys))]


def _visits(shape: Shape, rank: int, kind: Kind) -> IntArray:
    """All operations of one kind on a rank: p micro-batches on one chunk, then the next chunk.

    Forwards climb the chunks, backwards come down.
    """
    p, v = shape.n_ranks, shape.n_chunks
    group = p if v > 1 else shape.n_micro_batches
    turn, within = np.divmod(np.arange(shape.n_micro_batches * v), group)
    chunk = turn % v if kind == Kind.FORWARD else v - 1 - turn % v
    micro_batch = (turn // v) * group + within
    return shape.encode(kind, rank, micro_batch) + chunk * p * shape.n_micro_batches
