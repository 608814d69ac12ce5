import torch

from verifiers.checks import check, observe


def _observe(draw, solution, x, positions, *args, **kwargs):
    # An angle in the dtype of x is known to a few units in its last place, and grows with position.
    furthest = float(positions.abs().max()) if positions.numel() else 0.0
    return observe(draw, solution, x, positions, *args, scale=3 + furthest / 4, **kwargs)


def _positions(draw, *shape, high=60):
    return draw.integers(0, high, *shape)


@check("the example", example=True)
def example(solution, draw):
    x = draw.tensor([[1.0, 0.0, 0.0, 2.0]])
    yield observe(draw, solution, x, draw.tensor([1], torch.int64))


@check("split halves")
def split_halves(solution, draw):
    """By default pair i is features i and i + d/2, turned by position × base^(−2i/d)."""
    for shape in [(4, 6), (1, 2), (2, 3, 8), (2, 2, 5, 4)]:
        for dtype in (torch.float32, torch.float64):
            x = draw.normal(*shape, dtype=dtype)
            yield _observe(draw, solution, x, _positions(draw, shape[-2]))


@check("interleaved pairs")
def interleaved(solution, draw):
    """With interleaved=True pair i is features 2i and 2i + 1; values go back to their places."""
    for shape in [(4, 6), (1, 2), (2, 3, 8), (2, 2, 5, 4)]:
        for dtype in (torch.float32, torch.float64):
            x = draw.normal(*shape, dtype=dtype)
            yield _observe(draw, solution, x, _positions(draw, shape[-2]), interleaved=True)


@check("position 0")
def position_zero(solution, draw):
    """Position 0 turns by nothing."""
    for choice in (False, True):
        x = draw.normal(2, 3, 6)
        zeros = draw.tensor([0, 0, 0], torch.int64)
        yield _observe(draw, solution, x, zeros, interleaved=choice)


@check("the base")
def bases(solution, draw):
    """Frequencies are base^(−2i/head_dim) for the base that is passed."""
    for base in (10000.0, 500000.0, 100, draw.number(2.0, 50.0)):
        for choice in (False, True):
            x = draw.normal(3, 8, dtype=torch.float64)
            yield _observe(draw, solution, x, _positions(draw, 3), base, choice)


@check("positions of each sequence")
def own_positions(solution, draw):
    """positions broadcasts to x.shape[:-1], for example one row per sequence for all heads."""
    x = draw.normal(3, 2, 4, 6)
    for shape in [(3, 1, 4), (1, 1, 4), (1, 2, 4), (3, 2, 4), (2, 4), (3, 1, 1), (1,)]:
        for choice in (False, True):
            yield _observe(draw, solution, x, _positions(draw, *shape), interleaved=choice)
    # Where all sizes are equal only the axis tells what is meant: seq is the last but one.
    for shape, where in [((4, 4, 6), (4,)), ((4, 4, 4, 6), (4,)), ((4, 4, 4, 6), (4, 1, 4))]:
        yield _observe(draw, solution, draw.normal(*shape), _positions(draw, *where))


@check("far positions")
def far(solution, draw):
    """Positions of a long context need angles of full precision: float64 for float64 input."""
    for high, dtype in [(9000, torch.float32), (9000, torch.float64), (120000, torch.float64)]:
        for choice in (False, True):
            x = draw.normal(2, 5, 8, dtype=dtype)
            where = _positions(draw, 5, high=high)
            where[0] = high
            yield _observe(draw, solution, x, where, interleaved=choice)


@check("gradients")
def gradients(solution, draw):
    """The gradient of x is turned back by the same angle."""
    for choice in (False, True):
        for dtype in (torch.float32, torch.float64):
            x = draw.normal(2, 3, 6, grad=True, dtype=dtype)
            yield _observe(draw, solution, x, _positions(draw, 3), interleaved=choice)


@check("half precision")
def half(solution, draw):
    """The result has the dtype of x, and the angles are computed in float32 at least."""
    for dtype in (torch.bfloat16, torch.float16):
        for choice in (False, True):
            x = draw.normal(3, 4, 8, dtype=dtype)
            where = draw.integers(300, 3000, 4)
            yield observe(draw, solution, x, where, interleaved=choice)


@check("an odd head_dim")
def odd(solution, draw):
    """An odd head_dim cannot be cut into pairs: ValueError."""
    for width in (1, 3, 7):
        for choice in (False, True):
            x = draw.normal(2, width)
            yield observe(draw, solution, x, _positions(draw, 2), interleaved=choice)


@check("memory layouts")
def layouts(solution, draw):
    """The result must not depend on how x lies in memory."""
    for layout in ("transposed", "strided"):
        for choice in (False, True):
            x = draw.normal(2, 5, 4, layout=layout)
            yield _observe(draw, solution, x, _positions(draw, 5), interleaved=choice)
