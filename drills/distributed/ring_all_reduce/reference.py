from collections.abc import Callable

import torch
from jaxtyping import Shaped
from torch import Tensor


def ring_all_reduce(
    rank: int,
    world_size: int,
    tensor: Shaped[Tensor, "..."],
    send: Callable[[int, Tensor], None],
    recv: Callable[[int], Tensor],
) -> Shaped[Tensor, "..."]:
    """The sum of every rank's `tensor`, by reduce-scatter and all-gather round the ring."""
    right, left = (rank + 1) % world_size, (rank - 1) % world_size
    chunks = list(tensor.flatten().tensor_split(world_size))  # sizes differ by at most one

    # Reduce-scatter: each chunk goes once round the ring and collects a term on every rank.
    for step in range(world_size - 1):
        send(right, chunks[(rank - step) % world_size])
        arriving = (rank - step - 1) % world_size
        chunks[arriving] = chunks[arriving] + recv(left)

    # All-gather: this rank now holds the whole sum of chunk rank + 1; finished chunks go round.
    for step in range(world_size - 1):
        send(right, chunks[(rank + 1 - step) % world_size])
        chunks[(rank - step) % world_size] = recv(left)
    return torch.cat(chunks).reshape(tensor.shape)
