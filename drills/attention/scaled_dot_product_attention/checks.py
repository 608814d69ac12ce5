import torch

from verifiers.checks import check, observe

# With these widths √d is exact, so that float64 tells a float32 softmax from a float32 root of d,
# as in `torch.sqrt(torch.tensor(d))`, which is fine.
ROOTS_ARE_WHOLE = (4, 9, 16)


def _qkv(draw, lead, t, s, d, d_v, **options):
    return (
        draw.normal(*lead, t, d, **options),
        draw.normal(*lead, s, d, **options),
        draw.normal(*lead, s, d_v, **options),
    )


@check("the example", example=True)
def example(solution, draw):
    q = draw.tensor([[1.0, 0.0]])
    k = draw.tensor([[1.0, 0.0], [0.0, 1.0]])
    v = draw.tensor([[10.0], [20.0]])
    yield observe(draw, solution, q, k, v)


@check("values")
def values(solution, draw):
    """Scores are dot products over d, divided by √d; the softmax is over the keys."""
    for lead, t, s, d, d_v in [
        ((), 4, 6, 5, 3),
        ((2,), 5, 3, 8, 4),
        ((2, 3), 3, 3, 2, 7),
        ((2, 1, 2), 1, 5, 1, 6),
        ((3,), 4, 1, 16, 1),
    ]:
        yield observe(draw, solution, *_qkv(draw, lead, t, s, d, d_v))
        wide = _qkv(draw, lead, t, s, draw.choice(ROOTS_ARE_WHOLE), d_v, dtype=torch.float64)
        yield observe(draw, solution, *wide)


@check("causal")
def causal(solution, draw):
    """The last query sees every key, and each earlier query sees one key fewer."""
    for lead, t, s in [((), 5, 5), ((2,), 3, 7), ((2, 2), 1, 4), ((), 2, 3), ((1,), 1, 1)]:
        yield observe(draw, solution, *_qkv(draw, lead, t, s, 3, 2), causal=True)


@check("masks")
def masks(solution, draw):
    """True means that the query may attend; the mask broadcasts to (..., T, S)."""
    q, k, v = _qkv(draw, (2, 3), 4, 5, 6, 3)
    for shape in [(4, 5), (1, 5), (5,), (2, 1, 1, 5), (3, 4, 5), (2, 3, 4, 5)]:
        mask = draw.mask(*shape, keep=0.6)
        mask[..., draw.integer(0, 4)] = True
        yield observe(draw, solution, q, k, v, mask)
    # Where all sizes are equal only the place of an axis tells what it is.
    q, k, v = _qkv(draw, (3, 3), 3, 3, 4, 2)
    for shape in [(3, 3), (3, 3, 3)]:
        mask = draw.mask(*shape, keep=0.6)
        mask[..., draw.integer(0, 2)] = True
        yield observe(draw, solution, q, k, v, mask)


@check("mask and causal together")
def both(solution, draw):
    """A pair counts only when the mask and the causal rule both allow it."""
    for lead, t, s in [((), 5, 5), ((2,), 3, 6)]:
        mask = draw.mask(*lead, t, s, keep=0.6)
        mask[..., 0] = True
        yield observe(draw, solution, *_qkv(draw, lead, t, s, 4, 3), mask, True)


@check("queries that may attend to nothing")
def nothing(solution, draw):
    """A query with no allowed key returns zeros."""
    mask = draw.mask(4, 5, keep=0.7)
    mask[:, 0] = True
    mask[draw.integer(0, 3)] = False
    yield observe(draw, solution, *_qkv(draw, (2,), 4, 5, 3, 2), mask)
    yield observe(draw, solution, *_qkv(draw, (), 3, 4, 3, 2), draw.tensor(False, torch.bool))
    yield observe(draw, solution, *_qkv(draw, (2,), 5, 3, 4, 2), causal=True)


@check("gradients")
def gradients(solution, draw):
    """All of q, k and v need their gradient, through the softmax and through the mask."""
    for lead, t, s in [((), 4, 6), ((2, 2), 3, 5)]:
        for d, dtype in ((3, torch.float32), (4, torch.float64)):
            yield observe(draw, solution, *_qkv(draw, lead, t, s, d, 4, grad=True, dtype=dtype))
    mask = draw.mask(4, 4, keep=0.6)
    mask[:, 0] = True
    yield observe(draw, solution, *_qkv(draw, (2,), 4, 4, 3, 2, grad=True), mask, causal=True)


@check("gradients of queries that may attend to nothing")
def nothing_gradients(solution, draw):
    """Where a query has no key, gradients are zero, not nan."""
    mask = draw.mask(4, 5, keep=0.7)
    mask[:, 0] = True
    mask[draw.integer(0, 3)] = False
    yield observe(draw, solution, *_qkv(draw, (2,), 4, 5, 3, 2, grad=True), mask)
    yield observe(draw, solution, *_qkv(draw, (), 5, 3, 4, 2, grad=True), causal=True)


@check("large scores")
def large(solution, draw):
    """exp overflows beyond 88 in float32: subtract the maximum of each row. Allowed scores may lie
    very low, too, so a forbidden one needs −∞ or a number near the lowest, not −100."""
    for d, dtype in ((8, torch.float32), (9, torch.float64)):
        q, k, v = _qkv(draw, (2,), 4, 5, d, 3, dtype=dtype)
        yield observe(draw, solution, q * 60, k * 60, v, scale=_size(q, k))
    q, k, v = _qkv(draw, (), 3, 4, 8, 3)
    yield observe(draw, solution, q * 30, k * 30, v, causal=True, scale=_size(q, k))
    yield observe(draw, solution, *_very_low(draw))


def _very_low(draw):
    """Allowed scores from −133120 down, forbidden ones lower still; all exact and far apart."""
    lead = draw.integer(1, 3)
    heights = [-260.0, -260.0 - lead, -300.0, -280.0]
    q, k = draw.tensor([[256.0] * 4] * 3), draw.tensor([[height] * 4 for height in heights])
    return q, k, draw.normal(4, 2), draw.tensor([[True, True, False, False]] * 3, torch.bool)


def _size(q, k):
    # Rounding of a score moves the weights by as much, and scores here reach thousands.
    return 200.0 * (q.abs().max() * k.abs().max()).item()


@check("memory layouts")
def layouts(solution, draw):
    """The result must not depend on how the inputs lie in memory."""
    for layout in ("transposed", "strided"):
        yield observe(draw, solution, *_qkv(draw, (2, 3), 4, 5, 3, 2, layout=layout), causal=True)
    # As a model makes them: (batch, T, heads, d) seen as (batch, heads, T, d).
    q, k, v = (draw.normal(2, 5, 3, 4).transpose(1, 2) for _ in range(3))
    yield observe(draw, solution, q, k, v)


@check("half precision")
def half(solution, draw):
    """The result has the dtype of q."""
    yield observe(draw, solution, *_qkv(draw, (2,), 4, 5, 8, 3, dtype=torch.bfloat16))


@check("an empty batch")
def empty(solution, draw):
    """A batch of no sequences gives a batch of no sequences."""
    yield observe(draw, solution, *_qkv(draw, (0, 2), 3, 4, 5, 2))
