"""Right answers in other styles; the verifier must pass them all."""

import torch


def shifted_mask(logits, p):
    if p <= 0 or p > 1:
        raise ValueError(p)
    sorted_logits, indices = torch.sort(logits, descending=True, dim=-1)
    cumulative = sorted_logits.softmax(dim=-1).double().cumsum(dim=-1)
    remove = cumulative >= p - 1e-12
    remove = torch.cat([torch.zeros_like(remove[..., :1]), remove[..., :-1]], dim=-1)
    remove = remove & torch.tensor(p < 1, device=logits.device)
    mask = torch.empty_like(remove)
    mask.scatter_(-1, indices, remove)
    return torch.where(mask, torch.full_like(logits, -torch.inf), logits)


def inverse_permutation(logits, p):
    if not (0.0 < p <= 1.0):
        raise ValueError(f"need 0 < p <= 1, not {p}")
    if p == 1.0:
        return logits + 0.0
    order = (-logits).argsort(dim=-1, stable=True)
    chance = torch.softmax(logits, -1).gather(-1, order)
    keep = (chance.cumsum(-1) - chance) < p
    return logits.masked_fill(~keep.gather(-1, order.argsort(-1)), float("-inf"))


def row_by_row(logits, p):
    class BadProbability(ValueError):
        pass

    if p > 1 or not p > 0:
        raise BadProbability()
    rows = logits.reshape(-1, logits.shape[-1])
    out = []
    for row in rows:
        chances = row.detach().double().softmax(0).tolist()
        kept, total = set(), 0.0
        for token in sorted(range(len(chances)), key=lambda i: -chances[i]):
            if total >= p * (1 - 1e-9) and p < 1:
                break
            kept.add(token)
            total += chances[token]
        keep = torch.tensor([i in kept for i in range(len(chances))], device=row.device)
        out.append(row.masked_fill(~keep, float("-inf")))
    return torch.stack(out).reshape(logits.shape) if out else logits.clone()


def from_the_tail(logits, p):
    if p <= 0 or p > 1:
        raise ValueError("out of range")
    ascending, order = logits.sort(-1, descending=False)
    tail = ascending.double().softmax(-1).cumsum(-1)
    drop = tail <= (1 - p) + 1e-12 if p < 1 else torch.zeros_like(tail, dtype=torch.bool)
    drop[..., -1:] = False
    result = torch.full_like(logits, float("-inf"))
    return result.scatter(-1, order, ascending.masked_fill(drop, float("-inf")))


def pairwise_ranks(logits, p):
    if not 0 < p <= 1:
        raise ValueError
    if p == 1:
        return logits.clone()
    chance = logits.softmax(-1)
    index = torch.arange(logits.shape[-1], device=logits.device)
    above = chance[..., None, :] > chance[..., :, None]
    tied = (chance[..., None, :] == chance[..., :, None]) & (index[None, :] < index[:, None])
    before = ((above | tied) * chance[..., None, :]).sum(-1)
    return torch.where(before < p, logits, -torch.inf)
