"""Wrong answers that people really give. Each docstring explains the misconception."""

import torch


def _check(p):
    if not 0 < p <= 1:
        raise ValueError("p lies in (0, 1]")


def _filter(logits, drop_sorted, order):
    drop = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, drop_sorted)
    return logits.masked_fill(drop, float("-inf"))


def _ranked(logits):
    return logits.softmax(-1).sort(dim=-1, descending=True)


def drops_the_token_that_reaches_p(logits, p):
    """You drop the token that takes the sum past p (`cumsum > p`). It belongs to the set: without it the
    probability does not reach p. Compare the sum of the tokens before it."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    drop = ranked.cumsum(-1) > p
    drop[..., 0] = False
    return _filter(logits, drop, order)


def may_be_empty(logits, p):
    """With a small p you drop every token, the best one included: nothing is left to sample. The set
    always holds the most probable token."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    return _filter(logits, ranked.cumsum(-1) > p, order)


def keeps_one_too_many(logits, p):
    """You keep one token more than needed. The token with which the sum reaches or passes p is the last
    of the set."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    before = ranked.cumsum(-1) - ranked
    drop = torch.zeros_like(before, dtype=torch.bool)
    drop[..., 1:] = (before >= p)[..., :-1]
    return _filter(logits, drop, order)


def needs_more_than_p(logits, p):
    """You go on when the sum equals p (`>` where `>=` is meant). Reaching p exactly is enough."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    return _filter(logits, ranked.cumsum(-1) - ranked > p, order)


def rounding_drops_the_tail(logits, p):
    """At p = 1 you compare a rounded sum with 1. It gets there before the last tokens have been added, and
    they are dropped. Treat p = 1 apart: it keeps everything."""
    _check(p)
    ranked, order = _ranked(logits)
    return _filter(logits, ranked.cumsum(-1) - ranked >= p, order)


def fills_up_to_the_complement(logits, p):
    """You keep tokens until the sum reaches 1 − p. p is the share that is kept, not the share that is
    dropped."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    return _filter(logits, ranked.cumsum(-1) - ranked >= 1 - p, order)


def share_of_the_vocabulary(logits, p):
    """You keep the first p · vocab tokens. p is a probability, not a share of the vocabulary: a confident
    model may reach 0.9 with one token."""
    _check(p)
    count = max(1, int(p * logits.shape[-1] + 0.5))
    ranked, order = _ranked(logits)
    rank = torch.arange(logits.shape[-1], device=logits.device).expand(ranked.shape)
    return _filter(logits, rank >= count, order)


def drops_unlikely_tokens(logits, p):
    """You drop tokens by their own probability (`< 1 − p`). Top-p looks at sums of probabilities in
    sorted order: whether a token of 5 % stays depends on those before it."""
    _check(p)
    return logits.masked_fill(logits.softmax(-1) < 1 - p, float("-inf"))


def min_p_filter(logits, p):
    """You compare each probability with a share of the best one, as min-p does. Top-p looks at sums of
    probabilities in sorted order."""
    _check(p)
    probabilities = logits.softmax(-1)
    best = probabilities.amax(-1, keepdim=True)
    return logits.masked_fill(probabilities < (1 - p) * best, float("-inf"))


def sorted_ascending(logits, p):
    """You sort from the smallest probability up and so keep the tail instead of the head. Sort with
    `descending=True`."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = logits.softmax(-1).sort(dim=-1)
    return _filter(logits, ranked.cumsum(-1) - ranked >= p, order)


def without_sorting(logits, p):
    """You add up probabilities in vocabulary order. The set must hold the most probable tokens: sort
    first."""
    _check(p)
    if p == 1:
        return logits.clone()
    probabilities = logits.softmax(-1)
    return logits.masked_fill(probabilities.cumsum(-1) - probabilities >= p, float("-inf"))


def left_in_sorted_order(logits, p):
    """You return the logits in sorted order. Position i must still be token i, or the sampler names the
    wrong words; scatter the mask back with the sort's indices."""
    _check(p)
    if p == 1:
        return logits.sort(dim=-1, descending=True).values
    ranked, order = _ranked(logits)
    drop = ranked.cumsum(-1) - ranked >= p
    return logits.gather(-1, order).masked_fill(drop, float("-inf"))


def mask_in_sorted_order(logits, p):
    """You apply the mask of the sorted tokens to the unsorted logits. Bring it back to vocabulary order
    first, with `scatter` or the inverse permutation."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    return logits.masked_fill(ranked.cumsum(-1) - ranked >= p, float("-inf"))


def gathers_instead_of_scattering(logits, p):
    """You bring the mask back with `gather(order)`, which sorts it a second time. The way back is
    `scatter(order)`, or `gather` with the inverse permutation `order.argsort()`."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    drop = (ranked.cumsum(-1) - ranked >= p).gather(-1, order)
    return logits.masked_fill(drop, float("-inf"))


def sums_logits(logits, p):
    """You add up logits instead of probabilities. Logits may be negative and add up to anything: apply
    softmax first."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = logits.sort(dim=-1, descending=True)
    return _filter(logits, ranked.cumsum(-1) - ranked >= p, order)


def same_number_in_every_row(logits, p):
    """You keep as many tokens in every row as the flattest row needs (a `max`, or an index without the
    batch). A confident row keeps few, an unsure one many: count for each row."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    before = (ranked.cumsum(-1) - ranked).reshape(-1, logits.shape[-1])
    smallest = before.amin(0) if len(before) else before.sum(0)
    return _filter(logits, (smallest >= p).expand(logits.shape), order)


def over_the_whole_batch(logits, p):
    """You rank all rows together. Each row is a distribution of its own."""
    _check(p)
    if p == 1:
        return logits.clone()
    flat = logits.reshape(1, -1)
    ranked, order = _ranked(flat)
    return _filter(flat, ranked.cumsum(-1) - ranked >= p, order).reshape(logits.shape)


def zeros_instead_of_infinity(logits, p):
    """You set dropped logits to 0. A logit of 0 is an ordinary token (e⁰ = 1) and can even become the
    best; dropped means −inf."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    drop = torch.zeros_like(logits, dtype=torch.bool).scatter(
        -1, order, ranked.cumsum(-1) - ranked >= p
    )
    return logits.masked_fill(drop, 0.0)


def lowest_finite_number(logits, p):
    """You fill with the lowest finite number or some −1e9 instead of −inf. A later step such as a high
    temperature can bring such a token back; −inf has probability 0 whatever follows."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    drop = torch.zeros_like(logits, dtype=torch.bool).scatter(
        -1, order, ranked.cumsum(-1) - ranked >= p
    )
    return logits.masked_fill(drop, torch.finfo(logits.dtype).min)


def returns_probabilities(logits, p):
    """You return probabilities. The filter is one step among several (temperature, top-k, top-p): it
    takes logits and gives logits."""
    _check(p)
    ranked, order = _ranked(logits)
    if p == 1:
        return logits.softmax(-1)
    return _filter(logits, ranked.cumsum(-1) - ranked >= p, order).softmax(-1)


def returns_log_probabilities(logits, p):
    """You return log-probabilities. Kept logits stay exactly as they came in."""
    _check(p)
    ranked, order = _ranked(logits)
    kept = logits if p == 1 else _filter(logits, ranked.cumsum(-1) - ranked >= p, order)
    return kept.log_softmax(-1)


def unchecked_p(logits, p):
    """You accept any p. A set with a probability of 0 or less makes no sense, and more than 1 (90 for
    90 %) switches the filter off without a word. Raise ValueError."""
    if p >= 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    drop = ranked.cumsum(-1) - ranked >= p
    drop[..., 0] = False
    return _filter(logits, drop, order)


def refuses_one(logits, p):
    """You refuse p = 1. It is allowed and means “keep everything”."""
    if not 0 < p < 1:
        raise ValueError("p")
    ranked, order = _ranked(logits)
    return _filter(logits, ranked.cumsum(-1) - ranked >= p, order)


def accepts_zero(logits, p):
    """You accept p = 0. No set is needed to reach 0, so the question has no sensible answer; the task asks
    for ValueError."""
    if not 0 <= p <= 1:
        raise ValueError("p")
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    drop = ranked.cumsum(-1) - ranked >= p
    drop[..., 0] = False
    return _filter(logits, drop, order)


def changes_logits_in_place(logits, p):
    """You write −inf into the caller's logits. Return a new tensor."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits.detach())
    drop = torch.zeros_like(logits, dtype=torch.bool).scatter(
        -1, order, ranked.cumsum(-1) - ranked >= p
    )
    with torch.no_grad():
        logits.masked_fill_(drop, float("-inf"))
    return logits * 1.0


def cuts_the_graph(logits, p):
    """Your values are right, but kept logits lose their gradient (`.data`, `.detach()`, a new tensor
    filled by hand). Mask the logits themselves, with `masked_fill` or `torch.where`."""
    _check(p)
    if p == 1:
        return logits.detach().clone()
    ranked, order = _ranked(logits)
    return _filter(logits.detach(), ranked.cumsum(-1) - ranked >= p, order)


def threshold_keeps_all_ties(logits, p):
    """You turn the boundary into a threshold (`logits >= cutoff`) and so keep every token that ties with the
    last one. The set is then larger than needed; keep just enough of the equal ones."""
    _check(p)
    if p == 1:
        return logits.clone()
    ranked, order = _ranked(logits)
    count = (ranked.cumsum(-1) - ranked < p).sum(-1, keepdim=True)
    cutoff = logits.gather(-1, order).gather(-1, count - 1)
    return logits.masked_fill(logits < cutoff, float("-inf"))
