import torch

from verifiers.checks import check, observe


def _inputs(draw, *shape, scale=1.0, mean=0.0, **options):
    d = shape[-1]
    return (
        draw.normal(*shape, scale=scale, mean=mean, **options),
        draw.normal(d, mean=1.0, **options),
        draw.normal(d, **options),
    )


def _terms(x, eps=1e-5):
    """The size of x / σ and μ / σ, whose difference torch's own kernels form."""
    deviation = (x.double().var(-1, correction=0, keepdim=True) + eps).sqrt()
    return (x.double().abs() / deviation).max().item()


@check("the example", example=True)
def example(solution, draw):
    x = draw.tensor([1.0, 2.0, 3.0, 6.0])
    yield observe(draw, solution, x, torch.ones_like(x), torch.zeros_like(x))


@check("values")
def values(solution, draw):
    """Population variance over the last axis, eps under the root, then weight and bias."""
    for shape in [(5,), (3, 7), (2, 3, 4), (1, 1, 9), (2, 2, 2, 3), (4, 2)]:
        for dtype in (torch.float32, torch.float64):
            inputs = _inputs(draw, *shape, scale=2.0, mean=0.7, dtype=dtype)
            yield observe(draw, solution, *inputs, scale=_terms(inputs[0]))


@check("eps")
def eps(solution, draw):
    """eps is an argument, stands under the root, and matters when the variance is small."""
    for value in (1e-12, 1e-6, 1e-2, 0.5):
        for spread in (1e-3, 1.0):
            inputs = _inputs(draw, 3, 6, scale=spread, dtype=torch.float64)
            yield observe(draw, solution, *inputs, value)
    inputs = _inputs(draw, 3, 6, scale=1e-3, dtype=torch.float64)
    yield observe(draw, solution, *inputs)


@check("a mean far above the spread")
def offset(solution, draw):
    """Centre before squaring: E[x²] − E[x]² rounds away a small variance."""
    for mean, dtype in [(3e3, torch.float32), (-5e3, torch.float32), (1e7, torch.float64)]:
        inputs = _inputs(draw, 4, 16, mean=mean, dtype=dtype)
        # The mean itself is only known to about one unit in its last place.
        yield observe(draw, solution, *inputs, scale=0.2 * abs(mean))


@check("constant vectors and d = 1")
def constant(solution, draw):
    """With no spread at all the result is the bias."""
    x = draw.tensor([[3.0] * 5, [0.0] * 5, [-2.5] * 5])
    yield observe(draw, solution, x, draw.normal(5), draw.normal(5), scale=_terms(x))
    for shape in [(4, 1), (1,)]:
        inputs = _inputs(draw, *shape)
        yield observe(draw, solution, *inputs, scale=_terms(inputs[0]))


@check("gradients")
def gradients(solution, draw):
    """x, weight and bias all get one, and that of x runs through the mean and the variance."""
    for shape in [(6,), (3, 5), (2, 3, 4)]:
        for dtype in (torch.float32, torch.float64):
            yield observe(draw, solution, *_inputs(draw, *shape, grad=True, dtype=dtype))
    inputs = _inputs(draw, 2, 5, scale=0.05, grad=True, dtype=torch.float64)
    yield observe(draw, solution, *inputs, 1e-2)


@check("large and small values")
def magnitudes(solution, draw):
    """Nothing overflows or vanishes over a wide range of scales."""
    for scale in (1e-2, 1e3, 1e6):
        yield observe(draw, solution, *_inputs(draw, 3, 8, scale=scale))


@check("memory layouts")
def layouts(solution, draw):
    """The result must not depend on how x lies in memory."""
    for layout in ("transposed", "strided"):
        yield observe(draw, solution, *_inputs(draw, 3, 4, 5, layout=layout))


@check("half precision")
def half(solution, draw):
    """The result has the dtype of x."""
    for dtype in (torch.float16, torch.bfloat16):
        yield observe(draw, solution, *_inputs(draw, 3, 8, dtype=dtype))


@check("an empty batch")
def empty(solution, draw):
    """A batch of no vectors gives a batch of no vectors."""
    yield observe(draw, solution, *_inputs(draw, 0, 3, 5))
