"""Right answers in other styles; the verifier must pass them all."""

import math

import torch


def logsumexp(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below zero")
    if temperature == 0:
        winner = logits.argmax(dim=dim)
        hot = torch.nn.functional.one_hot(winner, logits.shape[dim])
        return hot.movedim(-1, dim).to(logits.dtype)
    scaled = logits / temperature
    return torch.exp(scaled - torch.logsumexp(scaled, dim=dim, keepdim=True))


def in_place_on_own_buffer(logits, temperature, dim=-1):
    if temperature < 0.0:
        raise ValueError(temperature)
    if temperature == 0:
        result = torch.zeros_like(logits)
        index = logits.max(dim=dim, keepdim=True).indices
        first = (logits == logits.gather(dim, index)).to(torch.uint8).argmax(dim, keepdim=True)
        return result.scatter_(dim, first, 1)
    work = logits.clone()
    work = work - work.max(dim=dim, keepdim=True).values
    work = torch.div(work, temperature).exp()
    return work * work.sum(dim=dim, keepdim=True).reciprocal()


def rows_one_by_one(logits, temperature, dim=-1):
    class Refused(ValueError):
        pass

    if temperature < 0:
        raise Refused("no negative temperatures")
    rows = logits.movedim(dim, -1)
    flat = rows.reshape(-1, rows.shape[-1]) if rows.numel() else rows.reshape(0, rows.shape[-1])
    done = []
    for row in flat:
        if temperature == 0:
            values = row.tolist()
            first = values.index(max(values))
            done.append(torch.tensor([float(i == first) for i in range(len(values))]).to(row))
        else:
            peak = row.max().detach()
            weights = torch.pow(math.e, (row - peak) / temperature)
            done.append(weights / weights.sum())
    stacked = torch.stack(done) if done else flat.clone()
    return stacked.reshape(rows.shape).movedim(-1, dim)


def upcasts_inside(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError
    if temperature == 0:
        order = torch.arange(logits.size(dim), device=logits.device)
        shape = [1] * logits.dim()
        shape[dim] = -1
        return (order.view(shape) == logits.argmax(dim, keepdim=True)).to(logits.dtype)
    wide = logits.double() * (1.0 / temperature)
    weights = torch.exp(wide - torch.amax(wide, dim=dim, keepdim=True))
    return (weights / weights.sum(dim=dim, keepdim=True)).to(logits.dtype)


class _Config:
    floor = 0.0


def written_for_numpy_readers(logits, temperature, dim=-1):
    if not temperature >= _Config.floor:
        raise ValueError(f"bad temperature {temperature}")
    if temperature == 0:
        return torch.zeros_like(logits).index_put(
            _grid(logits, dim), torch.ones((), dtype=logits.dtype, device=logits.device)
        )
    shifted = (logits - logits.amax(dim, True)) / temperature
    e = shifted.exp()
    return torch.einsum("...i,...->...i", e.movedim(dim, -1), 1 / e.sum(dim)).movedim(-1, dim)


def _grid(logits, dim):
    winner = logits.argmax(dim)
    axes = [torch.arange(n, device=logits.device) for n in winner.shape]
    grid = list(torch.meshgrid(*axes, indexing="ij")) if axes else []
    grid.insert(dim % logits.dim(), winner)
    return tuple(grid)
