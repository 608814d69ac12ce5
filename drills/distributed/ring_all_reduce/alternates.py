"""Right answers in other styles; the verifier must pass them all."""

import itertools

import numpy as np
import torch


def to_the_left(rank, world_size, tensor, send, recv):
    """The other way round, on one buffer of its own with index arithmetic."""
    total = tensor.detach().clone().reshape(-1)
    base, extra = divmod(total.numel(), world_size)
    starts = [i * base + min(i, extra) for i in range(world_size + 1)]

    def part(index):
        index %= world_size
        return slice(starts[index], starts[index + 1])

    left, right = (rank - 1) % world_size, (rank + 1) % world_size
    for step in range(world_size - 1):
        send(left, total[part(rank + step)])
        total[part(rank + step + 1)] += recv(right)
    for step in range(world_size - 1):
        send(left, total[part(rank - 1 + step)])
        total[part(rank + step)] = recv(right)
    return total.view(tensor.shape)


def both_ways_at_once(rank, world_size, tensor, send, recv):
    """Half of every chunk goes right, the other half left."""
    if world_size == 1:
        return tensor.clone()
    chunks = [list(torch.tensor_split(c, 2)) for c in tensor.flatten().tensor_split(world_size)]
    neighbours = {0: (rank + 1) % world_size, 1: (rank - 1) % world_size}
    signs = {0: 1, 1: -1}
    for step in range(2 * (world_size - 1)):
        reducing = step < world_size - 1
        back = step if reducing else step - world_size
        for half in (0, 1):
            send(neighbours[half], chunks[(rank - signs[half] * back) % world_size][half])
        for half in (0, 1):
            index = (rank - signs[half] * (back + 1)) % world_size
            arrived = recv(neighbours[1 - half])
            chunks[index][half] = chunks[index][half] + arrived if reducing else arrived
    return torch.cat(list(itertools.chain.from_iterable(chunks))).reshape(tensor.shape)


def numpy_inside(rank, world_size, tensor, send, recv):
    """The owner of chunk r is rank r: start one chunk further back."""
    pieces = np.array_split(tensor.numpy().ravel().copy(), world_size)
    after, before = (rank + 1) % world_size, (rank + world_size - 1) % world_size
    for step in range(1, world_size):
        send(after, torch.from_numpy(pieces[(rank - step) % world_size]))
        pieces[(rank - step - 1) % world_size] += recv(before).numpy()
    for step in range(world_size - 1):
        send(after, torch.from_numpy(pieces[(rank - step) % world_size]))
        pieces[(rank - step - 1) % world_size] = recv(before).numpy()
    return torch.from_numpy(np.concatenate(pieces)).reshape(tensor.shape)


def strided_chunks(rank, world_size, tensor, send, recv):
    """Chunk i holds every world_size-th element, and empty chunks are not sent at all."""
    total = tensor.flatten().clone()
    chunks = {i: total[i::world_size] for i in range(world_size)}

    def exchange(outgoing, incoming):
        if chunks[outgoing].numel():
            send(dst=(rank + 1) % world_size, tensor=chunks[outgoing])
        if chunks[incoming].numel():
            return recv(src=(rank - 1) % world_size)
        return chunks[incoming].clone()

    for step in range(world_size - 1):
        arrived = exchange((rank - step) % world_size, (rank - step - 1) % world_size)
        chunks[(rank - step - 1) % world_size].add_(arrived)
    for step in range(world_size - 1):
        arrived = exchange((rank + 1 - step) % world_size, (rank - step) % world_size)
        chunks[(rank - step) % world_size].copy_(arrived)
    return total.unflatten(0, tensor.shape) if tensor.dim() else total.squeeze(0)


def element_by_element(rank, world_size, tensor, send, recv):
    """Every chunk travels as messages of one element; the longer chunks come last."""
    total = tensor.flatten().clone()
    n = total.numel()
    bounds = [n * i // world_size for i in range(world_size + 1)]

    def turn(outgoing, incoming, reducing):
        for k in range(bounds[outgoing], bounds[outgoing + 1]):
            send((rank + 1) % world_size, total[k : k + 1])
        for k in range(bounds[incoming], bounds[incoming + 1]):
            value = recv((rank - 1) % world_size)[0]
            total[k] = total[k] + value if reducing else value

    for first, reducing in ((rank, True), (rank + 1, False)):
        for step in range(world_size - 1):
            turn((first - step) % world_size, (first - step - 1) % world_size, reducing)
    return total.reshape(tensor.shape)


def follows_one_chunk_at_a_time(rank, world_size, tensor, send, recv):
    """Chunk by chunk instead of step by step: its sum ends where it started, then goes round."""
    right, left = (rank + 1) % world_size, (rank - 1) % world_size
    summed = []
    for owner, chunk in enumerate(tensor.flatten().tensor_split(world_size)):
        place = (rank - owner) % world_size  # places behind the rank that starts this chunk
        value = chunk if place == 0 else chunk + recv(left)
        if place < world_size - 1:
            send(right, value)
        if place < world_size - 1 and world_size > 1:
            value = recv(left)
        if place != world_size - 2 and world_size > 1:
            send(right, value)
        summed.append(value.clone())
    return torch.cat(summed).reshape(tensor.shape)
