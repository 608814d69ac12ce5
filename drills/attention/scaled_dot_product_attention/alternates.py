"""Right answers in other styles; the verifier must pass them all."""

import math

import torch


def einsum_and_own_softmax(q, k, v, mask=None, causal=False):
    scores = torch.einsum("...td,...sd->...ts", q, k) * q.size(-1) ** -0.5
    rows = torch.arange(q.size(-2), device=q.device)[:, None]
    columns = torch.arange(k.size(-2), device=q.device)[None, :]
    keep = torch.ones_like(scores, dtype=torch.bool)
    if causal:
        keep = keep & (columns <= rows + k.size(-2) - q.size(-2))
    if mask is not None:
        keep = torch.logical_and(keep, mask)
    scores = torch.where(keep, scores, torch.full_like(scores, torch.finfo(scores.dtype).min))
    peak = scores.detach().max(dim=-1, keepdim=True).values
    weights = torch.where(keep, torch.exp(scores - peak), torch.zeros_like(scores))
    total = weights.sum(-1, keepdim=True)
    return torch.einsum("...ts,...sv->...tv", weights, v) / torch.where(total > 0, total, 1.0)


def infinities_on_rows_that_have_a_key(q, k, v, mask=None, causal=False):
    q = q / math.sqrt(q.shape[-1])
    scores = torch.matmul(q, k.mT)
    blocked = torch.zeros(scores.shape, dtype=torch.bool, device=q.device)
    if mask is not None:
        blocked |= ~mask
    if causal:
        t, s = scores.shape[-2:]
        future = torch.ones(t, s, dtype=torch.bool, device=q.device).triu(s - t + 1)
        blocked |= future
    empty = blocked.all(-1, keepdim=True)
    scores = scores.masked_fill(blocked & ~empty, float("-inf"))
    out = scores.softmax(-1) @ v
    return out.masked_fill(empty, 0)


def one_query_at_a_time(q, k, v, mask=None, causal=False):
    t, s = q.shape[-2], k.shape[-2]
    outputs = []
    full = None if mask is None else mask.expand(*q.shape[:-2], t, s)
    for i in range(t):
        keep = torch.ones(*q.shape[:-2], s, dtype=torch.bool, device=q.device)
        if causal:
            keep[..., max(0, i + s - t + 1) :] = False
        if full is not None:
            keep = keep & full[..., i, :]
        score = (q[..., i, None, :] * k).sum(-1) / q.shape[-1] ** 0.5
        score = score - score.masked_fill(~keep, -1e30).amax(-1, keepdim=True).detach().clamp(
            min=-1e29
        )
        weight = torch.exp(score.masked_fill(~keep, -1e4)) * keep
        norm = weight.sum(-1, keepdim=True)
        weight = weight / (norm + (norm == 0))
        outputs.append((weight[..., None] * v).sum(-2))
    if not outputs:
        return q.new_zeros(*q.shape[:-1], v.shape[-1])
    return torch.stack(outputs, dim=-2)


def computes_in_double(q, k, v, mask=None, causal=False):
    dtype = q.dtype
    qq, kk, vv = q.double(), k.double(), v.double()
    bias = torch.zeros(q.shape[-2], k.shape[-2], dtype=torch.float64, device=q.device)
    keep = bias == 0
    if causal:
        keep = torch.tril(keep, diagonal=k.shape[-2] - q.shape[-2])
    if mask is not None:
        keep = keep & mask
    bias = bias.masked_fill(~keep, -1e300)
    attention = torch.softmax(qq @ kk.transpose(-1, -2) / math.sqrt(q.shape[-1]) + bias, -1) * keep
    return (attention @ vv).to(dtype)


def flash_like_blocks(q, k, v, mask=None, causal=False):
    t, s = q.shape[-2], k.shape[-2]
    keep = torch.ones(t, s, dtype=torch.bool, device=q.device)
    keep = keep.tril(s - t) if causal else keep
    keep = (keep if mask is None else keep & mask).expand(*q.shape[:-2], t, s)
    low = torch.finfo(q.dtype).min / 4
    peak = torch.full((*q.shape[:-1], 1), low, dtype=q.dtype, device=q.device)
    total = torch.zeros_like(peak)
    out = q.new_zeros(*q.shape[:-1], v.shape[-1])
    for start in range(0, s, 2):
        piece = slice(start, start + 2)
        allowed = keep[..., piece]
        scores = q @ k[..., piece, :].transpose(-2, -1) / math.sqrt(q.shape[-1])
        scores = scores.masked_fill(~allowed, low)
        new = torch.maximum(peak, scores.amax(-1, keepdim=True))
        weights = (scores - new).exp().masked_fill(~allowed, 0.0)
        shrink = (peak - new).exp()
        total = total * shrink + weights.sum(-1, keepdim=True)
        out = out * shrink + weights @ v[..., piece, :]
        peak = new
    return out / torch.where(total > 0, total, torch.ones_like(total))


def mends_nan_after_masked_fill(q, k, v, mask=None, causal=False):
    # masked_fill stops the gradient of every filled score, so no nan passes back through it.
    scores = (q @ k.transpose(-2, -1)) / torch.sqrt(torch.tensor(q.shape[-1]))
    keep = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device)
    if causal:
        keep = keep.tril(scores.shape[-1] - scores.shape[-2])
    if mask is not None:
        keep = keep & mask
    return scores.masked_fill(~keep, float("-inf")).softmax(-1).nan_to_num(0.0) @ v
