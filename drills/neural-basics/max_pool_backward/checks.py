import numpy as np

from verifiers.checks import check, observe


def _pair(value):
    return value if isinstance(value, tuple) else (value, value)


def _grad(draw, x, kernel, stride, padding, dtype, layout):
    """A drawn gradient of the output, in the shape that this pooling gives."""
    sides = zip(x.shape[2:], _pair(kernel), _pair(stride or kernel), _pair(padding), strict=True)
    shape = [(size + 2 * p - k) // s + 1 for size, k, s, p in sides]
    return draw.normal_array(*x.shape[:2], *shape, dtype=dtype, layout=layout)


def _call(draw, solution, x, kernel, *rest, dtype="float32", layout="contiguous", **named):
    """Observe one call; what follows the kernel is passed on as the check wrote it."""
    given = dict(zip(("stride", "padding"), rest, strict=False)) | named
    stride, padding = given.get("stride"), given.get("padding", 0)
    grad_out = _grad(draw, x, kernel, stride, padding, dtype, layout)
    return observe(draw, solution, grad_out, x, kernel, *rest, **named)


def _ties(draw, *shape, levels=2, **options):
    """Values that are small integers, so that most windows have several maxima."""
    return draw.array(draw.rng.integers(0, levels, shape), **options)


@check("the example", example=True)
def example(solution, draw):
    x = draw.array([[[[1.0, 4.0, 2.0], [4.0, 3.0, 5.0], [0.0, 5.0, 1.0]]]])
    grad_out = draw.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    yield observe(draw, solution, grad_out, x, 2, stride=1)


@check("windows side by side")
def side_by_side(solution, draw):
    """Without a stride the windows tile the input; rows and columns left over get 0."""
    for shape, kernel in [((1, 1, 4, 4), 2), ((2, 3, 7, 5), 2), ((1, 2, 6, 8), 3)]:
        yield _call(draw, solution, draw.normal_array(*shape), kernel)
        yield _call(draw, solution, draw.normal_array(*shape), kernel, None)
    yield _call(draw, solution, draw.normal_array(2, 1, 3, 4), (3, 4), stride=None, padding=0)
    yield _call(draw, solution, draw.normal_array(1, 2, 3, 4), 1)


@check("overlapping windows")
def overlapping(solution, draw):
    """An input that wins several windows collects the gradients of all of them."""
    for shape, kernel, stride in [
        ((1, 1, 5, 6), 3, 1),
        ((2, 2, 7, 6), 3, 2),
        ((1, 3, 4, 9), (2, 4), (1, 2)),
    ]:
        yield _call(draw, solution, draw.normal_array(*shape), kernel, stride)
    peak = draw.normal_array(2, 2, 5, 5)
    peak[:, :, 2, 2] += 9
    yield _call(draw, solution, peak, 3, 1)


@check("gaps between windows")
def gaps(solution, draw):
    """A stride above the kernel leaves inputs that no window sees; their gradient is 0."""
    for shape, kernel, stride in [((1, 2, 7, 8), 2, 3), ((2, 1, 9, 9), (1, 2), (4, 3))]:
        yield _call(draw, solution, draw.normal_array(*shape), kernel, stride)


@check("oblong kernels, strides and padding")
def oblong(solution, draw):
    """Pairs are (height, width), each applied along its own axis."""
    for kernel, stride, padding in [
        ((3, 2), (1, 2), (1, 0)),
        ((2, 4), (2, 1), (0, 2)),
        ((4, 1), (1, 1), (2, 0)),
        (3, (2, 1), (0, 1)),
        ((2, 3), 2, 1),
        ((3, 5), None, (1, 2)),
    ]:
        yield _call(draw, solution, draw.normal_array(1, 2, 5, 7), kernel, stride, padding)
        x = _ties(draw, 1, 1, 6, 8, levels=4)
        yield _call(draw, solution, x, kernel, stride=stride, padding=padding)


@check("padding never wins")
def padding(solution, draw):
    """Padding counts as −inf, below every input, however negative; the result is not padded."""
    for mean in (-5.0, -1e10, -1e30):
        for kernel, stride, pad in [(2, 1, 1), (3, 2, 1), (5, 1, 2)]:
            x = draw.normal_array(1, 2, 5, 4, mean=mean, scale=abs(mean) / 5)
            yield _call(draw, solution, x, kernel, stride, pad)
    flat = draw.array(np.full((1, 1, 4, 4), -1e30))
    yield _call(draw, solution, flat, 3, 1, 1)
    x = draw.normal_array(2, 1, 5, 5, mean=-1e200, scale=1e199, dtype="float64")
    yield _call(draw, solution, x, 3, padding=1, dtype="float64")


@check("padding and positive inputs")
def padding_positive(solution, draw):
    """Window (i, j) starts at row i · stride − padding of the input."""
    for kernel, stride, pad in [(2, 2, 1), (3, 1, 1), (4, 3, 2), (3, None, 1)]:
        x = draw.normal_array(2, 2, 7, 6, mean=9.0)
        yield _call(draw, solution, x, kernel, stride=stride, padding=pad)


@check("ties")
def ties(solution, draw):
    """Of several maxima the first one in row-major order takes the whole gradient."""
    for kernel, stride in [(2, 2), (3, 3), ((2, 3), None), ((3, 2), None)]:
        yield _call(draw, solution, _ties(draw, 2, 2, 6, 6), kernel, stride)
    yield _call(draw, solution, _ties(draw, 1, 1, 4, 6, levels=1), 2)
    yield _call(draw, solution, -_ties(draw, 2, 1, 6, 6, levels=3, dtype="float64"), 3)


@check("ties under overlap and padding")
def ties_overlap(solution, draw):
    """Each window decides for itself; after a ReLU most of a window may be tied at 0."""
    for kernel, stride, pad in [(2, 1, 0), (3, 1, 1), ((3, 4), (2, 1), (1, 2))]:
        yield _call(draw, solution, _ties(draw, 2, 1, 5, 5), kernel, stride, pad)
        relu = np.maximum(draw.normal_array(1, 2, 4, 5), 0)
        yield _call(draw, solution, relu, kernel, stride, pad)
        yield _call(draw, solution, _ties(draw, 1, 1, 4, 4, levels=1) - 3, kernel, stride, pad)


@check("near ties")
def near_ties(solution, draw):
    """Two inputs that differ in the last digits are no tie: compare them in their own dtype."""
    for dtype, size in (("float64", 1e-12), ("float32", 1e-6)):
        x = draw.normal_array(2, 2, 6, 6, mean=1.0, scale=size, dtype=dtype)
        yield _call(draw, solution, x, 3, 2, 1)
        yield _call(draw, solution, x, 2)


@check("images and channels")
def images(solution, draw):
    """Every image and every channel has winners of its own."""
    for shape in [(4, 1, 4, 4), (1, 5, 4, 4), (3, 4, 5, 4), (1, 1, 2, 2)]:
        yield _call(draw, solution, draw.normal_array(*shape), 2)
        yield _call(draw, solution, draw.normal_array(*shape), 2, 1, 1)


@check("dtypes")
def dtypes(solution, draw):
    """The result has the dtype of x, whatever that of grad_out."""
    for x_dtype in ("float32", "float64"):
        for grad_dtype in ("float32", "float64"):
            x = draw.normal_array(2, 2, 5, 6, dtype=x_dtype)
            yield _call(draw, solution, x, 3, 1, 1, dtype=grad_dtype)
            yield _call(draw, solution, x, 2, dtype=grad_dtype)


@check("large and small values")
def magnitudes(solution, draw):
    """Only the order of the inputs matters, not their size."""
    for scale in (1e30, 1e-30):
        yield _call(draw, solution, draw.normal_array(1, 2, 6, 6, scale=scale), 2)
        yield _call(draw, solution, draw.normal_array(1, 2, 6, 6, scale=scale), 3, 1, 1)


@check("memory layouts")
def layouts(solution, draw):
    """The result must not depend on how x and grad_out lie in memory."""
    for layout in ("transposed", "strided"):
        x = draw.normal_array(2, 2, 6, 5, layout=layout)
        yield _call(draw, solution, x, 2, layout=layout)
        yield _call(draw, solution, x, 3, 2, 1, layout=layout)
        yield _call(draw, solution, _ties(draw, 2, 3, 5, 5, layout=layout), 3, 1)


@check("any geometry")
def geometry(solution, draw):
    """Kernels, strides and padding drawn at random."""
    for _ in range(8):
        kernel = draw.integer(1, 4), draw.integer(1, 4)
        stride = draw.integer(1, 5), draw.integer(1, 5)
        pad = draw.integer(0, kernel[0] // 2), draw.integer(0, kernel[1] // 2)
        shape = 2, draw.integer(1, 2), draw.integer(4, 8), draw.integer(4, 8)
        yield _call(draw, solution, _ties(draw, *shape, levels=4), kernel, stride, pad)
