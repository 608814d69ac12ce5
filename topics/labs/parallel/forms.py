"""The parallel forms themselves, in NumPy over any wire: what the lab counts, really computed.

Every function is what one rank runs. The tests run them on real processes joined by gloo, compare
the results with a single process, and hold the bytes they send to the lab's figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from topics.labs.parallel.network.messages import cut

FloatArray = npt.NDArray[np.float64]


class Wire(Protocol):
    """How a rank reaches the others. `send` does not wait, `receive` does; `tag` pairs the two."""

    @property
    def rank(self) -> int: ...

    @property
    def n_ranks(self) -> int: ...

    def send(self, target: int, values: FloatArray, tag: int = 0) -> None: ...

    def receive(self, source: int, shape: tuple[int, ...], tag: int = 0) -> FloatArray: ...


def ring_reduce_scatter(wire: Wire, vector: FloatArray) -> FloatArray:
    """The sum over ranks of this rank's piece of `vector` (n,); pieces as in `messages.cut`."""
    n, rank, held = wire.n_ranks, wire.rank, vector.copy()
    pieces = cut(slice(0, len(vector)), n)
    for step in range(n - 1):
        leaving, coming = pieces[(rank - step - 1) % n], pieces[(rank - step - 2) % n]
        wire.send((rank + 1) % n, held[leaving])
        held[coming] += wire.receive((rank - 1) % n, (coming.stop - coming.start,))
    return held[pieces[rank]]


def ring_all_gather(wire: Wire, piece: FloatArray, n_elements: int) -> FloatArray:
    """The whole vector (n_elements,) from every rank's own piece of it."""
    n, rank, whole = wire.n_ranks, wire.rank, np.empty(n_elements)
    pieces = cut(slice(0, n_elements), n)
    whole[pieces[rank]] = piece
    for step in range(n - 1):
        leaving, coming = pieces[(rank - step) % n], pieces[(rank - step - 1) % n]
        wire.send((rank + 1) % n, whole[leaving])
        whole[coming] = wire.receive((rank - 1) % n, (coming.stop - coming.start,))
    return whole


def ring_all_reduce(wire: Wire, array: FloatArray) -> FloatArray:
    """The sum of `array` over ranks, in its shape: a reduce-scatter, then an all-gather."""
    flat = array.ravel()
    return ring_all_gather(wire, ring_reduce_scatter(wire, flat), flat.size).reshape(array.shape)


def all_to_all(wire: Wire, blocks: FloatArray) -> FloatArray:
    """`blocks` (n_ranks, …): block j goes to rank j; returns what the ranks sent here, by rank."""
    for target in range(wire.n_ranks):
        if target != wire.rank:
            wire.send(target, blocks[target])
    received = [
        blocks[source] if source == wire.rank else wire.receive(source, blocks[source].shape)
        for source in range(wire.n_ranks)
    ]
    return np.stack(received)


@dataclass(frozen=True)
class MlpGradients:
    """An MLP's output and the gradients of its input `x` and of its two weights."""

    out: FloatArray
    x: FloatArray
    up: FloatArray
    down: FloatArray


def tensor_parallel_mlp(
    wire: Wire, x: FloatArray, up: FloatArray, down: FloatArray, grad_out: FloatArray
) -> MlpGradients:
    """ReLU MLP with `up` cut by columns and `down` by rows: one all-reduce each way.

    `x` and `grad_out` (tokens, hidden) are the same on all ranks, `up` (hidden, ffn / n) and
    `down` (ffn / n, hidden) are this rank's (Shoeybi et al. 2019, section 3).
    """
    wide = np.maximum(x @ up, 0.0)  # (tokens, ffn / n)
    out = ring_all_reduce(wire, wide @ down)
    grad_wide = (grad_out @ down.T) * (wide > 0)
    grad_x = ring_all_reduce(wire, grad_wide @ up.T)
    return MlpGradients(out, grad_x, x.T @ grad_wide, wide.T @ grad_out)


def sequence_parallel_mlp(
    wire: Wire, x: FloatArray, up: FloatArray, down: FloatArray, grad_out: FloatArray
) -> MlpGradients:
    """The same MLP with `x` and `grad_out` (tokens / n, hidden) sharded along the sequence.

    All-gather in, reduce-scatter out, both ways; the whole `x` is kept from the forward
    (Korthikanti et al. 2022, section 4.2.2). `tokens` is a multiple of the number of ranks.
    """
    whole = (x.shape[0] * wire.n_ranks, x.shape[1])
    gathered = ring_all_gather(wire, x.ravel(), int(np.prod(whole))).reshape(whole)
    wide = np.maximum(gathered @ up, 0.0)  # (tokens, ffn / n)
    out = ring_reduce_scatter(wire, (wide @ down).ravel()).reshape(x.shape)
    grad = ring_all_gather(wire, grad_out.ravel(), int(np.prod(whole))).reshape(whole)
    grad_wide = (grad @ down.T) * (wide > 0)
    grad_x = ring_reduce_scatter(wire, (grad_wide @ up.T).ravel()).reshape(x.shape)
    return MlpGradients(out, grad_x, gathered.T @ grad_wide, wide.T @ grad)


@dataclass(frozen=True)
class AdamShard:
    """Adam's moments of this rank's piece of the parameters, and how many steps it has seen."""

    first: FloatArray
    second: FloatArray
    steps: int = 0


def zero_adam_step(
    wire: Wire,
    params: FloatArray,
    grads: FloatArray,
    state: AdamShard,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> tuple[FloatArray, AdamShard]:
    """ZeRO-1's step: reduce-scatter the gradients, update this rank's piece, all-gather weights.

    `params` (n,) are the same on all ranks, `grads` (n,) this rank's; the step uses their mean
    (Rajbhandari et al. 2020, section 5.1).
    """
    piece = cut(slice(0, len(params)), wire.n_ranks)[wire.rank]
    grad = ring_reduce_scatter(wire, grads) / wire.n_ranks
    steps, (beta1, beta2) = state.steps + 1, betas
    first = beta1 * state.first + (1 - beta1) * grad
    second = beta2 * state.second + (1 - beta2) * grad**2
    scale = np.sqrt(second / (1 - beta2**steps)) + eps
    mine = params[piece] - lr * first / (1 - beta1**steps) / scale
    return ring_all_gather(wire, mine, len(params)), AdamShard(first, second, steps)


def expert_parallel_mlp(
    wire: Wire, x: FloatArray, expert: FloatArray, up: FloatArray, down: FloatArray
) -> FloatArray:
    """Top-1 experts, one on each rank: tokens travel to theirs and come home.

    `x` (tokens, hidden) and `expert` (tokens,), the chosen rank, are this rank's tokens; `up`
    (hidden, ffn) and `down` (ffn, hidden) its expert. Blocks have room for all tokens, as without
    a capacity limit, and unused rows are zero.
    """
    tokens, hidden = x.shape
    blocks = np.zeros((wire.n_ranks, tokens, hidden))
    blocks[expert, np.arange(tokens)] = x
    arrived = all_to_all(wire, blocks)  # (n_ranks, tokens, hidden)
    done = np.maximum(arrived @ up, 0.0) @ down
    return all_to_all(wire, done)[expert, np.arange(tokens)]


def zero_3_mlp(
    wire: Wire, x: FloatArray, pieces: FloatArray, sizes: tuple[int, int], grad_out: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """ReLU MLP whose weights are sharded (ZeRO-3, FSDP): output, and this rank's piece of the mean.

    `pieces` is this rank's piece of up (hidden, ffn) and down (ffn, hidden) laid end to end,
    `sizes` is (hidden, ffn), `x` (tokens, hidden) this rank's data. Weights are gathered for the
    forward and once more for the backward, gradients reduce-scattered (Rajbhandari et al. 2020).
    """
    hidden, ffn = sizes
    n_params = 2 * hidden * ffn
    up, down = _unpack(ring_all_gather(wire, pieces, n_params), hidden, ffn)
    wide = np.maximum(x @ up, 0.0)  # (tokens, ffn)
    out = wide @ down
    up, down = _unpack(ring_all_gather(wire, pieces, n_params), hidden, ffn)
    grad_wide = (grad_out @ down.T) * (wide > 0)
    grads = np.concatenate([(x.T @ grad_wide).ravel(), (wide.T @ grad_out).ravel()])
    return out, ring_reduce_scatter(wire, grads) / wire.n_ranks


def _unpack(flat: FloatArray, hidden: int, ffn: int) -> tuple[FloatArray, FloatArray]:
    cut_at = hidden * ffn
    return flat[:cut_at].reshape(hidden, ffn), flat[cut_at:].reshape(ffn, hidden)
