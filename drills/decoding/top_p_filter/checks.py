import torch

from verifiers.checks import Case, check, observe


def _spread(draw, *shape, dtype=torch.float32, grad=False, **options):
    """Logits of distinct tokens in random order, no two closer than 0.05."""
    ranks = draw.rng.permuted(draw.rng.uniform(size=shape), axis=-1).argsort(axis=-1)
    values = draw.rng.uniform(0.25, 0.6) * ranks + draw.rng.uniform(0, 0.1, shape)
    return draw.tensor(values - values.mean(), dtype, grad=grad, **options)


def _clear_p(draw, logits, low=0.05, high=0.98, margin=2e-3):
    """A p that no row's cumulative sums come near, so that rounding decides nothing."""
    rows = logits.detach().double().reshape(-1, logits.shape[-1])
    shifted = (rows - rows.amax(-1, keepdim=True)).exp()
    sums = (shifted / shifted.sum(-1, keepdim=True)).sort(-1, descending=True).values.cumsum(-1)
    if logits.dtype not in (torch.float32, torch.float64):
        margin = 2e-2
    for _ in range(200):
        p = draw.number(low, high)
        if not ((sums - p).abs() < margin).any():
            return p
    raise RuntimeError("no p is far from every sum")


def _fixed(draw, values, shape, dtype=torch.float32):
    return draw.tensor(torch.tensor(values).expand(*shape).contiguous(), dtype)


@check("the example", example=True)
def example(solution, draw):
    yield observe(draw, solution, draw.tensor([2.0, 1.0, 0.0, -1.0]), 0.8)


@check("values")
def values(solution, draw):
    """Sort, add up from the top, keep the token that reaches p, and put everything back."""
    for shape in [(8,), (3, 6), (2, 3, 9), (1, 1), (4, 2)]:
        for dtype in (torch.float32, torch.float64):
            rows = _spread(draw, *shape[-1:], dtype=dtype)
            order = [
                draw.rng.permutation(shape[-1]) for _ in range(int(torch.tensor(shape[:-1]).prod()))
            ]
            logits = torch.stack([rows[torch.as_tensor(o, device=rows.device)] for o in order])
            logits = logits.reshape(shape)
            yield observe(draw, solution, logits, _clear_p(draw, logits))


@check("rows of their own")
def rows(solution, draw):
    """Each row is ranked by itself: a flat one keeps many tokens, a peaked one few."""
    for _ in range(3):
        logits = torch.stack([_spread(draw, 7) * factor for factor in (0.2, 1.0, 4.0)])
        yield observe(draw, solution, logits, _clear_p(draw, logits, 0.3, 0.9))


@check("a large vocabulary")
def large(solution, draw):
    """A flat row may keep hundreds of tokens, and a sum of many small terms must not lose them."""
    for low in (0.3, 0.9):
        logits = draw.normal(2, 300, dtype=torch.float64)
        p = _clear_p(draw, logits, low, low + 0.08, margin=1e-4)
        yield observe(draw, solution, logits, p)


@check("p close to 1")
def nearly_whole(solution, draw):
    """Only p = 1 itself keeps everything; 0.999 still cuts the tail off."""
    for low, high in ((0.99, 0.998), (0.9991, 0.99995)):
        logits = draw.normal(2, 60, scale=3.0, dtype=torch.float64)
        yield observe(draw, solution, logits, _clear_p(draw, logits, low, high, margin=1e-7))


@check("a small p")
def small(solution, draw):
    """The most probable token always stays."""
    logits = _spread(draw, 3, 6)
    for p in (1e-9, 1e-3, 0.01):
        yield observe(draw, solution, logits, p)


@check("p = 1")
def whole(solution, draw):
    """p = 1 keeps every token, however improbable."""
    for dtype in (torch.float32, torch.float64):
        yield observe(draw, solution, _spread(draw, 3, 7, dtype=dtype), 1.0)
    yield observe(draw, solution, draw.normal(2, 5, scale=20.0), 1)
    yield observe(draw, solution, draw.normal(2, 300, scale=8.0), 1.0)


@check("reaching p exactly")
def exactly(solution, draw):
    """When the sum equals p the set is complete."""
    # Equal logits: probabilities are exact powers of two, and so are their sums.
    for count, p in [(2, 0.5), (4, 0.25), (4, 0.75), (8, 0.5)]:
        logits = draw.tensor([draw.number(-3.0, 3.0)] * count)
        kept = solution(logits, p)
        shown = {"kept": int(torch.isfinite(kept).sum()), "changed": not _subset(kept, logits)}
        yield Case(f"top_p_filter({count} equal logits, p={p})", shown)


def _subset(kept, logits):
    return bool(((kept == logits) | (kept == float("-inf"))).all())


@check("ties at the boundary")
def ties(solution, draw):
    """Among equal logits just enough are kept."""
    for tied, p in [(4, 0.6), (6, 0.7), (3, 0.5)]:
        values = [2.0] + [1.0] * tied + [-1.0] * 2
        logits = draw.tensor(values)[torch.as_tensor(draw.rng.permutation(len(values)))]
        kept = solution(logits, p)
        levels = [int((torch.isfinite(kept) & (logits == level)).sum()) for level in (2, 1, -1)]
        shown = {"kept of each level": levels, "changed": not _subset(kept, logits)}
        yield Case(f"top_p_filter(a row with {tied} equal logits, p={p})", shown)


@check("masked tokens")
def masked(solution, draw):
    """Logits of −inf have probability 0 and stay −inf."""
    for p in (0.5, 0.9, 1.0):
        logits = _spread(draw, 4, 8)
        keep = draw.mask(4, 8, keep=0.6)
        keep[:, draw.integer(0, 7)] = True
        logits = logits.masked_fill(~keep, float("-inf"))
        yield observe(draw, solution, logits, p if p == 1 else _clear_p(draw, logits, p - 0.2, p))


@check("gradients")
def gradients(solution, draw):
    """A kept logit passes its gradient on unchanged; a dropped one gets 0."""
    for shape in [(6,), (3, 5)]:
        for dtype in (torch.float32, torch.float64):
            logits = _spread(draw, *shape, dtype=dtype, grad=True)
            yield observe(draw, solution, logits, _clear_p(draw, logits))
    yield observe(draw, solution, _spread(draw, 2, 4, grad=True), 1.0)


@check("impossible p")
def impossible(solution, draw):
    """p lies in (0, 1]; everything else raises ValueError."""
    for p in (0, 0.0, -0.1, 1.0001, 2, 90):
        yield observe(draw, solution, draw.normal(5), p)


@check("logits far apart, far from 0")
def extreme(solution, draw):
    """Only differences between logits matter, and exp must not overflow."""
    for shift in (500.0, -500.0):
        logits = _spread(draw, 3, 6, dtype=torch.float64)
        yield observe(draw, solution, logits + shift, _clear_p(draw, logits))
    yield observe(draw, solution, draw.tensor([1e4, -1e4, 0.0, 9e3]), 0.9)


@check("memory layouts and half precision")
def layouts(solution, draw):
    """The result must not depend on how logits lie in memory, and keeps their dtype."""
    for layout in ("transposed", "strided"):
        logits = _spread(draw, 4, 6, layout=layout)
        yield observe(draw, solution, logits, _clear_p(draw, logits))
    for dtype in (torch.float16, torch.bfloat16):
        logits = _spread(draw, 2, 5, dtype=dtype)
        yield observe(draw, solution, logits, _clear_p(draw, logits.to(dtype)))


@check("an empty batch")
def empty(solution, draw):
    """A batch of no rows gives a batch of no rows."""
    yield observe(draw, solution, draw.normal(0, 5), 0.9)
