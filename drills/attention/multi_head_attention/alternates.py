"""Right answers in other styles; the verifier must pass them all."""

import torch
from torch import nn


class EinsumOverHeads(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.heads = n_heads
        self.width, rest = divmod(d_model, n_heads)
        if rest:
            raise ValueError(f"{d_model} % {n_heads} = {rest}")
        for name in ("o_proj", "v_proj", "k_proj", "q_proj"):
            self.add_module(name, nn.Linear(d_model, d_model, bias=False))
        self.dropout = nn.Dropout(0.0)

    def forward(self, x, mask=None, causal=False):
        shape = (*x.shape[:-1], self.heads, self.width)
        q = self.q_proj(x).reshape(shape) * self.width**-0.5
        k = self.k_proj(x).reshape(shape)
        v = self.v_proj(x).reshape(shape)
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k)
        keep = torch.ones_like(scores, dtype=torch.bool)
        if causal:
            position = torch.arange(x.shape[1], device=x.device)
            keep = keep & (position[None, :] <= position[:, None])
        if mask is not None:
            keep = keep & mask
        scores = torch.where(keep, scores, torch.finfo(x.dtype).min)
        weights = torch.where(keep, torch.softmax(scores, dim=-1), 0.0)
        return self.o_proj(torch.einsum("bhqk,bkhd->bqhd", weights, v).flatten(-2))


class HeadByHead(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError
        self.d_model, self.n_heads = d_model, n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, d_model, bias=False)
        self.v_proj = nn.Linear(d_model, d_model, bias=False)
        self.o_proj = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None, causal=False):
        batch, t, _ = x.shape
        size = self.d_model // self.n_heads
        keep = torch.ones(batch, self.n_heads, t, t, dtype=torch.bool, device=x.device)
        if mask is not None:
            keep &= mask
        if causal:
            keep &= ~torch.triu(torch.ones(t, t, dtype=torch.bool, device=x.device), diagonal=1)
        outputs = []
        for h in range(self.n_heads):
            block = slice(h * size, (h + 1) * size)
            q = x @ self.q_proj.weight[block].T
            k = x @ self.k_proj.weight[block].T
            v = x @ self.v_proj.weight[block].T
            score = torch.bmm(q, k.transpose(1, 2)) / size**0.5
            empty = ~keep[:, h].any(-1, keepdim=True)
            score = score.masked_fill(~keep[:, h] & ~empty, float("-inf"))
            outputs.append(score.softmax(-1).masked_fill(empty, 0.0) @ v)
        return torch.cat(outputs, -1) @ self.o_proj.weight.T


class HeadsInTheBatch(nn.Module):
    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        if d_model // n_heads * n_heads != d_model:
            raise ValueError("uneven heads")
        self.config = (d_model, n_heads)
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(d_model, d_model, bias=False) for _ in range(4)
        )
        self.register_buffer(
            "triangle", torch.ones(64, 64, dtype=torch.bool).tril(), persistent=False
        )

    def _fold(self, y):
        _, t, c = y.shape
        return (
            y.unflatten(2, (self.config[1], -1))
            .permute(0, 2, 1, 3)
            .reshape(-1, t, c // self.config[1])
        )

    def forward(self, x, mask=None, causal=False):
        b, t, c = x.shape
        n = self.config[1]
        q, k, v = (self._fold(p(x)) for p in (self.q_proj, self.k_proj, self.v_proj))
        scores = torch.baddbmm(q.new_zeros(q.shape[0], t, t), q, k.mT, alpha=(c // n) ** -0.5)
        keep = self.triangle[:t, :t] if causal else torch.ones_like(self.triangle[:t, :t])
        keep = keep.expand(b, n, t, t) if mask is None else (keep & mask).expand(b, n, t, t)
        keep = keep.reshape(-1, t, t)
        weights = (scores + (~keep).to(scores.dtype) * -1e30).softmax(-1) * keep
        out = (
            torch.bmm(weights, v)
            .view(b, n, t, c // n)
            .permute(0, 2, 1, 3)
            .contiguous()
            .view(b, t, c)
        )
        return self.o_proj(out)


class StackedProjection(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"d_model={d_model}, n_heads={n_heads}")
        self.h = n_heads
        self.q_proj = nn.Linear(d_model, d_model, False)
        self.k_proj = nn.Linear(d_model, d_model, False)
        self.v_proj = nn.Linear(d_model, d_model, False)
        self.o_proj = nn.Linear(d_model, d_model, False)

    def forward(self, x, mask=None, causal=False):
        stacked = torch.cat([self.q_proj.weight, self.k_proj.weight, self.v_proj.weight])
        q, k, v = (x @ stacked.T).chunk(3, dim=-1)
        q, k, v = (torch.stack(y.chunk(self.h, -1), 1) for y in (q, k, v))  # (b, h, t, d)
        s = q.matmul(k.transpose(2, 3)) / torch.sqrt(torch.tensor(q.shape[-1]))
        banned = torch.zeros(s.shape[-2:], dtype=torch.bool, device=x.device)
        if causal:
            banned = banned.logical_not().triu(1)
        if mask is not None:
            banned = banned | mask.logical_not()
        s = s.masked_fill(banned, float("-inf"))
        w = torch.nan_to_num(torch.softmax(s, -1))
        return self.o_proj(torch.cat(w.matmul(v).unbind(1), -1))
