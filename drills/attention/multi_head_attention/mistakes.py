"""Wrong answers that people really give. Each docstring explains the misconception."""

import math

import torch
from torch import nn


class _Base(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("n_heads must divide d_model")
        self.n_heads, self.head_dim = n_heads, d_model // n_heads
        self.q_proj = nn.Linear(d_model, d_model, bias=False)
        self.k_proj = nn.Linear(d_model, d_model, bias=False)
        self.v_proj = nn.Linear(d_model, d_model, bias=False)
        self.o_proj = nn.Linear(d_model, d_model, bias=False)

    def split(self, y):
        return y.reshape(*y.shape[:2], self.n_heads, self.head_dim).transpose(1, 2)

    def merge(self, y):
        return y.transpose(1, 2).flatten(2)

    def scale(self):
        return math.sqrt(self.head_dim)

    def allowed(self, x, mask, causal):
        keep = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device)
        keep = keep.tril() if causal else keep
        return keep if mask is None else keep & mask

    def weights(self, scores, keep):
        low = scores.masked_fill(~keep, torch.finfo(scores.dtype).min)
        return low.softmax(-1).masked_fill(~keep, 0.0)

    def forward(self, x, mask=None, causal=False):
        q, k, v = self.split(self.q_proj(x)), self.split(self.k_proj(x)), self.split(self.v_proj(x))
        scores = q @ k.transpose(-2, -1) / self.scale()
        weights = self.weights(scores, self.allowed(x, mask, causal))
        return self.o_proj(self.merge(weights @ v))


class ScalesByModelWidth(_Base):
    """You divide by √d_model. Each head's dot product has head_dim terms, so the scale is √head_dim;
    yours is too strong by √n_heads."""

    def scale(self):
        return math.sqrt(self.n_heads * self.head_dim)


class NoScaling(_Base):
    """You leave the scores unscaled. A dot product of head_dim terms grows with √head_dim: divide by
    that, or the softmax saturates."""

    def scale(self):
        return 1.0


class DividesByHeadDim(_Base):
    """You divide by head_dim instead of its root. The spread of the scores is √head_dim; dividing by
    more flattens the weights towards a plain mean."""

    def scale(self):
        return self.head_dim


class HeadsTakeEveryNthFeature(_Base):
    """Your heads are interleaved: head h takes features h, h + n_heads, h + 2·n_heads, … View the
    width as (n_heads, head_dim), not (head_dim, n_heads), so that each head owns one block."""

    def split(self, y):
        return y.reshape(*y.shape[:2], self.head_dim, self.n_heads).permute(0, 3, 1, 2)

    def merge(self, y):
        return y.permute(0, 2, 3, 1).flatten(2)


class SplitWithoutTranspose(_Base):
    """You view (batch, T, d_model) straight as (batch, n_heads, T, head_dim). The numbers then land in
    the wrong places: a head receives pieces of several positions. View as (batch, T, n_heads,
    head_dim) and transpose."""

    def split(self, y):
        return y.reshape(y.shape[0], self.n_heads, y.shape[1], self.head_dim)


class MergeWithoutTranspose(_Base):
    """You reshape (batch, n_heads, T, head_dim) straight to (batch, T, d_model). That strings the heads
    one behind the other along positions. Transpose to (batch, T, n_heads, head_dim) first."""

    def merge(self, y):
        return y.reshape(y.shape[0], y.shape[2], -1)


class SplitsAndMergesWithoutTranspose(_Base):
    """You view (batch, T, d_model) straight as (batch, n_heads, T, head_dim), and back in the same way.
    The shapes fit, but every head receives pieces of several positions. A view never moves a number:
    view as (batch, T, n_heads, head_dim), transpose, and undo both on the way back."""

    def split(self, y):
        return y.reshape(y.shape[0], self.n_heads, y.shape[1], self.head_dim)

    def merge(self, y):
        return y.reshape(y.shape[0], y.shape[2], -1)


class NoOutputProjection(_Base):
    """You never apply `o_proj`. Without it the heads are laid side by side and never mix."""

    def forward(self, x, mask=None, causal=False):
        q, k, v = self.split(self.q_proj(x)), self.split(self.k_proj(x)), self.split(self.v_proj(x))
        scores = q @ k.transpose(-2, -1) / self.scale()
        weights = self.weights(scores, self.allowed(x, mask, causal))
        return self.merge(weights @ v)


class OneBigHead(_Base):
    """You attend once over the full width. That is a single head: the scores of all blocks are added
    up before the softmax, instead of each head having a softmax of its own."""

    def forward(self, x, mask=None, causal=False):
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        scores = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]))[:, None]
        weights = self.weights(scores, self.allowed(x, mask, causal))
        return self.o_proj(
            (weights @ v[:, None])[:, 0]
            if weights.shape[1] == 1
            else self.merge(weights @ self.split(v))
        )


class KeysFromQueries(_Base):
    """You project queries and keys with the same weight. Each has a projection of its own: what a
    position looks for differs from what it offers."""

    def forward(self, x, mask=None, causal=False):
        q, k, v = self.split(self.q_proj(x)), self.split(self.q_proj(x)), self.split(self.v_proj(x))
        scores = q @ k.transpose(-2, -1) / self.scale()
        weights = self.weights(scores, self.allowed(x, mask, causal))
        return self.o_proj(self.merge(weights @ v))


class ValuesNotProjected(_Base):
    """You take the values straight from x. They pass through `v_proj` first."""

    def forward(self, x, mask=None, causal=False):
        q, k, v = self.split(self.q_proj(x)), self.split(self.k_proj(x)), self.split(x)
        scores = q @ k.transpose(-2, -1) / self.scale()
        weights = self.weights(scores, self.allowed(x, mask, causal))
        return self.o_proj(self.merge(weights @ v))


class MaskMeansDrop(_Base):
    """You read True as “hide this pair”. Here True means may attend (nn.MultiheadAttention has it the
    other way round)."""

    def allowed(self, x, mask, causal):
        return super().allowed(x, None if mask is None else ~mask, causal)


class CausalIgnored(_Base):
    """You never use `causal`. With it a position must not see later ones, or a model in training reads
    the token it should predict."""

    def allowed(self, x, mask, causal):
        return super().allowed(x, mask, False)


class MaskIgnored(_Base):
    """You never use `mask`. It says which pairs count; without it padding leaks into every result."""

    def allowed(self, x, mask, causal):
        return super().allowed(x, None, causal)


class MaskTakenForPadding(_Base):
    """You take a mask of two axes for (batch, T), one row per sequence. It broadcasts to (batch, n_heads,
    T, T) from the right: two axes are (query, key). Padding comes as (batch, 1, 1, T)."""

    def allowed(self, x, mask, causal):
        if mask is not None and mask.dim() == 2 and len(mask) == len(x):
            mask = mask[:, None, None, :]
        return super().allowed(x, mask, causal)


class MaskReplacesCausal(_Base):
    """When a mask is given you forget `causal`. A pair counts only when both allow it."""

    def allowed(self, x, mask, causal):
        return super().allowed(x, mask, causal and mask is None)


class CausalReplacesMask(_Base):
    """With `causal=True` you forget `mask`. Padding must stay hidden in a causal model, too: a pair
    counts only when both allow it."""

    def allowed(self, x, mask, causal):
        return super().allowed(x, None if causal else mask, causal)


class CausalKeepsTheFuture(_Base):
    """Your causal mask is upside down: it keeps the future and hides the past. As a mask of what is
    allowed use `tril`; `triu` marks what to hide."""

    def allowed(self, x, mask, causal):
        keep = super().allowed(x, mask, False)
        return keep & torch.ones_like(keep).triu() if causal else keep


class CausalHidesItself(_Base):
    """Your causal mask hides a position from itself: the diagonal belongs to what may be seen."""

    def allowed(self, x, mask, causal):
        keep = super().allowed(x, mask, causal)
        return keep & ~torch.eye(x.shape[1], dtype=torch.bool, device=x.device) if causal else keep


class NanForEmptyRows(_Base):
    """Your result is nan where a position may attend to nothing: softmax over a row of only −∞ is
    0 / 0. Give such rows weights of zero."""

    def weights(self, scores, keep):
        return scores.masked_fill(~keep, float("-inf")).softmax(-1)


class MeanForEmptyRows(_Base):
    """You give a position that may attend to nothing the mean of all values: when every score is the
    same low number, softmax spreads the weight evenly. Set the weights of forbidden pairs to 0 after
    it."""

    def weights(self, scores, keep):
        return scores.masked_fill(~keep, torch.finfo(scores.dtype).min).softmax(-1)


class NanGradientForEmptyRows(_Base):
    """Your result is right, but its gradient is nan where a position may attend to nothing: adding −∞
    to the scores and mending the nan afterwards repairs only the forward pass. Fill with a finite low
    score instead."""

    def weights(self, scores, keep):
        low = torch.zeros(keep.shape, dtype=scores.dtype, device=scores.device)
        return (scores + low.masked_fill(~keep, float("-inf"))).softmax(-1).nan_to_num(0.0)


class SoftmaxOverQueries(_Base):
    """Your softmax runs over the queries. Each query shares its attention out over the keys, the last
    axis of the scores."""

    def weights(self, scores, keep):
        low = scores.masked_fill(~keep, torch.finfo(scores.dtype).min)
        return low.softmax(-2).masked_fill(~keep, 0.0)


class MasksAfterSoftmax(_Base):
    """You zero forbidden weights after the softmax without normalising again, so the rest adds up to
    less than 1. Mask the scores."""

    def weights(self, scores, keep):
        return scores.softmax(-1).masked_fill(~keep, 0.0)


class ProjectionsWithBias(_Base):
    """Your projections have a bias. The task asks for `bias=False`; a checkpoint without biases would
    not load."""

    def __init__(self, d_model, n_heads):
        super().__init__(d_model, n_heads)
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(self, name, nn.Linear(d_model, d_model))


class AcceptsAnyHeadCount(_Base):
    """You accept a number of heads that does not divide d_model and drop the remaining features.
    Raise ValueError in the constructor, where the mistake can still be understood."""

    def __init__(self, d_model, n_heads):
        nn.Module.__init__(self)
        self.n_heads, self.head_dim = n_heads, d_model // n_heads
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(self, name, nn.Linear(d_model, d_model, bias=False))


class AssertsTheHeadCount(_Base):
    """You check the number of heads with `assert`, which raises AssertionError and disappears under
    `python -O`. Raise ValueError."""

    def __init__(self, d_model, n_heads):
        assert d_model % n_heads == 0
        super().__init__(d_model, n_heads)
