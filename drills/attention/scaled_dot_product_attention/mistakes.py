"""Wrong answers that people really give. Each docstring explains the misconception."""

import math

import torch


def _allowed(q, k, mask, causal, offset=None):
    n_queries, n_keys = q.shape[-2], k.shape[-2]
    allowed = torch.ones(n_queries, n_keys, dtype=torch.bool, device=q.device)
    if causal:
        allowed = allowed.tril(n_keys - n_queries if offset is None else offset)
    return allowed if mask is None else allowed & mask


def _weights(scores, allowed):
    low = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    return low.softmax(-1).masked_fill(~allowed, 0.0)


def no_scaling(q, k, v, mask=None, causal=False):
    """You leave the scores unscaled. A dot product of d terms with unit variance has variance d;
    without dividing by √d the softmax saturates as d grows and its gradient vanishes."""
    scores = q @ k.transpose(-2, -1)
    return _weights(scores, _allowed(q, k, mask, causal)) @ v


def divides_by_d(q, k, v, mask=None, causal=False):
    """You divide by d instead of √d. The standard deviation of the scores is √d, not d; dividing by
    d flattens the weights towards a plain mean."""
    scores = q @ k.transpose(-2, -1) / q.shape[-1]
    return _weights(scores, _allowed(q, k, mask, causal)) @ v


def scales_by_value_width(q, k, v, mask=None, causal=False):
    """You take d from the values. The dot product runs over the width of queries and keys, so the
    scale is the root of `q.shape[-1]`; `v` may be narrower or wider."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(v.shape[-1])
    return _weights(scores, _allowed(q, k, mask, causal)) @ v


def scales_by_sequence_length(q, k, v, mask=None, causal=False):
    """You divide by the root of the number of keys. The scale comes from the width of the vectors,
    not from how many there are: each score is one dot product of d terms."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-2])
    return _weights(scores, _allowed(q, k, mask, causal)) @ v


def mask_means_drop(q, k, v, mask=None, causal=False):
    """You read True as “hide this pair”. Here, as in PyTorch's scaled_dot_product_attention, True
    means that the query may attend (nn.MultiheadAttention has it the other way round)."""
    flipped = None if mask is None else ~mask
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, _allowed(q, k, flipped, causal)) @ v


def causal_from_the_top_left(q, k, v, mask=None, causal=False):
    """Your causal mask lines the first query up with the first key. With a cache there are more keys
    than queries, and the last query belongs to the last key: shift the diagonal by S − T."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, _allowed(q, k, mask, causal, offset=0)) @ v


def causal_hides_itself(q, k, v, mask=None, causal=False):
    """Your causal mask also hides a token from itself: it is off by one. Query i sees key j for
    j ≤ i + (S − T), the diagonal included."""
    shift = k.shape[-2] - q.shape[-2] - 1
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, _allowed(q, k, mask, causal, offset=shift)) @ v


def causal_sees_one_ahead(q, k, v, mask=None, causal=False):
    """Your causal mask lets each query see one key of the future (`triu` or `tril` off by one). In
    training the model would read the answer it should predict."""
    shift = k.shape[-2] - q.shape[-2] + 1
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, _allowed(q, k, mask, causal, offset=shift)) @ v


def causal_ignored(q, k, v, mask=None, causal=False):
    """You never use `causal`. With it a query must not see later keys, or a model in training reads the
    token it should predict."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, _allowed(q, k, mask, False)) @ v


def mask_ignored(q, k, v, mask=None, causal=False):
    """You never use `mask`. It says which pairs count; without it padding leaks into every result."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, _allowed(q, k, None, causal)) @ v


def mask_replaces_causal(q, k, v, mask=None, causal=False):
    """When a mask is given you forget `causal`. A pair counts only when both allow it: combine the
    two with AND."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, _allowed(q, k, mask, causal and mask is None)) @ v


def masks_combined_by_or(q, k, v, mask=None, causal=False):
    """You combine the two masks with OR, so that either may allow a pair. Both must: use AND."""
    allowed = _allowed(q, k, None, causal)
    if mask is not None:
        allowed = (allowed | mask) if causal else (allowed & mask)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, allowed) @ v


def nan_for_empty_rows(q, k, v, mask=None, causal=False):
    """Your result is nan where a query may attend to nothing: softmax over a row of only −∞ is 0 / 0.
    Give such rows weights of zero."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    scores = scores.masked_fill(~_allowed(q, k, mask, causal), float("-inf"))
    return scores.softmax(-1) @ v


def mean_for_empty_rows(q, k, v, mask=None, causal=False):
    """You give a query that may attend to nothing the mean of all values: when every score is the same
    low number, softmax spreads the weight evenly. Set the weights of forbidden pairs to 0 after the
    softmax."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    scores = scores.masked_fill(~_allowed(q, k, mask, causal), torch.finfo(scores.dtype).min)
    return scores.softmax(-1) @ v


def nan_gradient_for_empty_rows(q, k, v, mask=None, causal=False):
    """Your result is right, but its gradient is nan where a query may attend to nothing: adding −∞ to
    the scores and mending the nan afterwards repairs only the forward pass. The backward pass of
    softmax still meets a row of nan. Fill with a finite low score instead."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    allowed = _allowed(q, k, mask, causal)
    bias = torch.zeros(allowed.shape, dtype=scores.dtype, device=q.device)
    return (scores + bias.masked_fill(~allowed, float("-inf"))).softmax(-1).nan_to_num(0.0) @ v


def masks_after_softmax(q, k, v, mask=None, causal=False):
    """You zero the forbidden weights after the softmax without normalising again, so the remaining
    weights add up to less than 1. Mask the scores before the softmax."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return scores.softmax(-1).masked_fill(~_allowed(q, k, mask, causal), 0.0) @ v


def multiplies_scores_by_mask(q, k, v, mask=None, causal=False):
    """You multiply the scores by the mask. A score of 0 is not “no attention”: exp(0) = 1 keeps a
    good share of the weight. Forbidden pairs need a score of −∞ (or the lowest finite number)."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return (scores * _allowed(q, k, mask, causal)).softmax(-1) @ v


def softmax_over_queries(q, k, v, mask=None, causal=False):
    """Your softmax runs over the queries. Each query distributes its attention over the keys, which
    are the last axis of the scores: dim=-1."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    allowed = _allowed(q, k, mask, causal)
    low = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    return low.softmax(-2).masked_fill(~allowed, 0.0) @ v


def naive_exponentials(q, k, v, mask=None, causal=False):
    """You exponentiate the scores directly. They overflow beyond 88 in float32. Subtract the maximum
    of each row first, or use torch.softmax, which does."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    weights = scores.exp().masked_fill(~_allowed(q, k, mask, causal), 0.0)
    total = weights.sum(-1, keepdim=True)
    return weights / total.masked_fill(total == 0, 1.0) @ v


def keys_detached(q, k, v, mask=None, causal=False):
    """You detach the keys, so no gradient reaches them. All three inputs come from learned projections
    and need theirs."""
    scores = q @ k.detach().transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, _allowed(q, k, mask, causal)) @ v


def always_float32(q, k, v, mask=None, causal=False):
    """You compute and return float32 whatever comes in. Keep the dtype of `q`: float64 loses half its
    digits, and half-precision callers get a dtype they did not ask for."""
    scores = q.float() @ k.float().transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, _allowed(q, k, mask, causal)) @ v.float()


def causal_written_into_mask(q, k, v, mask=None, causal=False):
    """You write the causal pattern into the caller's mask (`mask &= …` or `logical_and_`). The next
    layer receives the same tensor: make a new one."""
    allowed = _allowed(q, k, mask, causal)
    if causal and mask is not None and mask.shape == allowed.shape:
        mask &= _allowed(q, k, None, True)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, allowed) @ v


def causal_replaces_mask(q, k, v, mask=None, causal=False):
    """With `causal=True` you forget `mask`. Padding must stay hidden in a causal model, too: a pair
    counts only when both allow it."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return _weights(scores, _allowed(q, k, None if causal else mask, causal)) @ v


def causal_keeps_the_future(q, k, v, mask=None, causal=False):
    """Your causal mask is upside down: it keeps the future and hides the past. As a mask of what is
    allowed use `tril`; `triu` marks what to hide."""
    n_queries, n_keys = q.shape[-2], k.shape[-2]
    allowed = _allowed(q, k, mask, False)
    if causal:
        allowed = allowed & torch.ones_like(allowed).triu(n_keys - n_queries)
    return _weights(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), allowed) @ v


def mends_the_output(q, k, v, mask=None, causal=False):
    """Your result is right, but the gradients are nan: you let a row of only −∞ become nan in the
    softmax and replace it in the output. In the backward pass the nan weights still multiply, and
    0 · nan is nan. Mend the weights before they meet `v`, or avoid the nan altogether."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    scores = scores.masked_fill(~_allowed(q, k, mask, causal), float("-inf"))
    return torch.nan_to_num(scores.softmax(-1) @ v)


def fills_with_a_small_number(q, k, v, mask=None, causal=False):
    """You give forbidden pairs a score such as −100 or −10000. Scores have no lower bound: an
    allowed score below that loses to a forbidden one. Use −∞ or `torch.finfo(dtype).min`."""
    allowed = _allowed(q, k, mask, causal)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    weights = scores.masked_fill(~allowed, -1e4).softmax(-1)
    return (weights * allowed.any(-1, keepdim=True)) @ v
