"""What a pipeline rank does, written as one integer per operation.

A schedule is, for every rank, an array of codes in the order the rank runs them. One integer per
operation keeps a thousand ranks times a thousand micro-batches small and quick to time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


class Kind(IntEnum):
    """The four operations. `BACKWARD` is both halves in one, as autograd runs them."""

    FORWARD = 0
    BACKWARD_INPUT = 1  # gradient of the input only: what the previous stage waits for
    BACKWARD_WEIGHT = 2  # gradient of the weights: nobody waits for it
    BACKWARD = 3

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Shape:
    """Ranks, chunks and micro-batches of a pipeline, and which rank holds which virtual stage.

    Virtual stages are numbered 0 … n_ranks·n_chunks − 1 in the order of the layers. `looped`
    places stage s on rank s mod n_ranks (Narayanan et al. 2021, section 2.2); `v_shaped` runs down
    the ranks and back up, so that rank 0 holds the first and the last stage (Qi et al. 2023).
    """

    n_ranks: int
    n_micro_batches: int
    n_chunks: int = 1
    v_shaped: bool = False

    @property
    def n_virtual_stages(self) -> int:
        return self.n_ranks * self.n_chunks

    def stage(self, rank: int, chunk: int) -> int:
        """The virtual stage that `rank` holds as its `chunk`-th."""
        if self.v_shaped and chunk % 2:
            return chunk * self.n_ranks + self.n_ranks - 1 - rank
        return chunk * self.n_ranks + rank

    def ranks_of_stages(self) -> IntArray:
        """The rank of every virtual stage, shape (n_virtual_stages,)."""
        stages = np.arange(self.n_virtual_stages)
        position, chunk = stages % self.n_ranks, stages // self.n_ranks
        if not self.v_shaped:
            return position
        return np.where(chunk % 2 == 0, position, self.n_ranks - 1 - position)

    def encode(self, kind: Kind, stage: int, micro_batches: IntArray) -> IntArray:
        """Codes of `kind` at virtual stage `stage` for each of `micro_batches`."""
        return (kind * self.n_virtual_stages + stage) * self.n_micro_batches + micro_batches

    def decode(self, codes: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Kinds, virtual stages and micro-batches of `codes`, each of the shape of `codes`."""
        rest, micro_batches = np.divmod(codes, self.n_micro_batches)
        kinds, stages = np.divmod(rest, self.n_virtual_stages)
        return kinds, stages, micro_batches


def alternate(*columns: IntArray) -> IntArray:
    """Takes one element of each column in turn: (a0, b0, a1, b1, …). Columns of one length."""
    return np.stack(columns, axis=1).ravel()
