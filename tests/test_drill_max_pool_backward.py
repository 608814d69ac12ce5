"""The max-pooling drill: PyTorch's gradient as the oracle, answers not in its folder, the ban."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from drills.catalogue import get_drill
from tests.judged_in_process import complaints, reference
from verifiers.watch import Watch

DRILL = "max_pool_backward"


def by_torch(grad_out, x, kernel, stride=None, padding=0):
    leaf = torch.tensor(x, requires_grad=True)
    pooled = F.max_pool2d(leaf, kernel, stride, padding)
    pooled.backward(torch.tensor(grad_out, dtype=leaf.dtype))
    return leaf.grad.numpy()


def geometries(count: int, seed: int):
    """A rng for the values, then a random shape, kernel, stride and padding, ints or pairs."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        kernel = tuple(int(k) for k in rng.integers(1, 5, 2))
        stride = tuple(int(s) for s in rng.integers(1, 6, 2))
        padding = tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel)
        if number % 3 == 0:
            kernel, stride, padding = kernel[0], stride[0], min(padding[0], kernel[0] // 2)
        if number % 4 == 0:
            stride = None
        shape = tuple(int(n) for n in (*rng.integers(1, 4, 2), *rng.integers(4, 10, 2)))
        yield rng, shape, kernel, stride, padding


def output_shape(shape, kernel, stride, padding):
    return F.max_pool2d(torch.zeros(shape), kernel, stride, padding).shape


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_reference_agrees_with_the_gradient_of_pytorch(dtype):
    for rng, shape, kernel, stride, padding in geometries(100, seed=1):
        x = rng.normal(size=shape).astype(dtype)
        grad_out = rng.normal(size=output_shape(shape, kernel, stride, padding)).astype(dtype)
        got = reference(DRILL)(grad_out, x, kernel, stride, padding)
        want = by_torch(grad_out, x, kernel, stride, padding)
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, rtol=1e-5 if dtype == "float32" else 1e-13)


def test_reference_decides_ties_as_pytorch_does():
    """Integers from few values, so that nearly every window has several maxima."""
    for rng, shape, kernel, stride, padding in geometries(100, seed=2):
        x = rng.integers(-1, 2, shape).astype("float64")
        grad_out = rng.integers(1, 100, output_shape(shape, kernel, stride, padding)) * 1.0
        got = reference(DRILL)(grad_out, x, kernel, stride, padding)
        np.testing.assert_array_equal(got, by_torch(grad_out, x, kernel, stride, padding))


def test_the_gradient_that_comes_back_is_all_that_went_in():
    for rng, shape, kernel, stride, padding in geometries(30, seed=3):
        x = rng.normal(size=shape)
        grad_out = rng.normal(size=output_shape(shape, kernel, stride, padding))
        got = reference(DRILL)(grad_out, x, kernel, stride, padding)
        assert got.sum() == pytest.approx(grad_out.sum())


# Wrong answers beside those of the folder


def _changed(grad_out, x, kernel, stride, padding, **change):
    """PyTorch's answer to a changed question."""
    asked = {"kernel": kernel, "stride": stride, "padding": padding} | change
    return by_torch(grad_out, np.ascontiguousarray(x), **asked).astype(x.dtype)


def returns_zeros(grad_out, x, kernel_size, stride=None, padding=0):
    return np.zeros_like(x)


def right_but_negative(grad_out, x, kernel_size, stride=None, padding=0):
    return -_changed(grad_out, x, kernel_size, stride, padding)


def reshapes_tiles(grad_out, x, kernel_size, stride=None, padding=0):
    """The shortcut for windows side by side, taken whatever the stride."""
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size,) * 2
    grad = np.zeros_like(x)
    for i, j in np.ndindex(x.shape[2] // kh, x.shape[3] // kw):
        tile = x[:, :, i * kh : (i + 1) * kh, j * kw : (j + 1) * kw]
        first = np.eye(kh * kw)[tile.reshape(*x.shape[:2], kh * kw).argmax(-1)]
        if i < grad_out.shape[2] and j < grad_out.shape[3]:
            share = first.reshape(tile.shape) * grad_out[:, :, i, j, None, None]
            grad[:, :, i * kh : (i + 1) * kh, j * kw : (j + 1) * kw] = share
    return grad


def ones_instead_of_the_gradient(grad_out, x, kernel_size, stride=None, padding=0):
    return _changed(np.ones_like(grad_out), x, kernel_size, stride, padding)


def pads_with_the_smallest_input(grad_out, x, kernel_size, stride=None, padding=0):
    """Padding then ties with the smallest input, and comes first at the top and left border."""
    ph, pw = padding if isinstance(padding, tuple) else (padding, padding)
    wide = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=x.min())
    inner = _changed(grad_out, wide, kernel_size, stride, 0)
    return inner[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]]


def returns_a_tensor(grad_out, x, kernel_size, stride=None, padding=0):
    return torch.from_numpy(_changed(grad_out, x, kernel_size, stride, padding))


def returns_a_list(grad_out, x, kernel_size, stride=None, padding=0):
    return _changed(grad_out, x, kernel_size, stride, padding).tolist()


def half_precision_inside(grad_out, x, kernel_size, stride=None, padding=0):
    with np.errstate(all="ignore"):
        rounded = x.astype("float16").astype(x.dtype)
    return _changed(grad_out, rounded, kernel_size, stride, padding)


def zeroes_grad_out(grad_out, x, kernel_size, stride=None, padding=0):
    result = _changed(grad_out, x, kernel_size, stride, padding)
    grad_out[...] = 0
    return result


def dilated(grad_out, x, kernel_size, stride=None, padding=0):
    """Right for a kernel of one row, otherwise the window skips every other row."""
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size,) * 2
    ph, pw = padding if isinstance(padding, tuple) else (padding, padding)
    sh, sw = (stride if isinstance(stride, tuple) else (stride, stride)) if stride else (kh, kw)
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph + kh), (pw, pw)), constant_values=-np.inf)
    grad = np.zeros_like(padded)
    image, channel = np.ogrid[: x.shape[0], : x.shape[1]]
    for i, j in np.ndindex(*grad_out.shape[2:]):
        window = padded[:, :, i * sh : i * sh + 2 * kh : 2, j * sw : j * sw + kw]
        row, column = np.divmod(window.reshape(*x.shape[:2], kh * kw).argmax(-1), kw)
        grad[image, channel, i * sh + 2 * row, j * sw + column] += grad_out[:, :, i, j]
    return grad[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]]


WRONG = [
    returns_zeros,
    right_but_negative,
    reshapes_tiles,
    ones_instead_of_the_gradient,
    pads_with_the_smallest_input,
    returns_a_tensor,
    returns_a_list,
    half_precision_inside,
    zeroes_grad_out,
    dilated,
]


@pytest.mark.parametrize("solution", WRONG)
def test_rejects(solution):
    assert complaints(DRILL, solution)


def test_passes_the_library_itself_where_it_is_not_banned():
    """The checks ask nothing but what PyTorch's own pooling does."""

    def library(grad_out, x, kernel_size, stride=None, padding=0):
        return _changed(grad_out, x, kernel_size, stride, padding)

    for seed in range(3):
        assert complaints(DRILL, library, seed) == {}


# The ban

X = torch.arange(64.0).reshape(1, 1, 8, 8)
CUBE = torch.arange(64.0).reshape(1, 1, 4, 4, 4)
OPERATORS = torch.ops.aten
BANNED_CALLS = {
    "max_pool2d": lambda: OPERATORS.max_pool2d(X, 2),
    "max_pool2d with indices": lambda: torch._C._nn.max_pool2d_with_indices(X, 2),
    "max_pool2d backwards": lambda: OPERATORS.max_pool2d_with_indices_backward(
        X[..., :4, :4], X, [2, 2], [2, 2], [0, 0], [1, 1], False, torch.zeros(1, 1, 4, 4).long()
    ),
    "max_pool1d": lambda: OPERATORS.max_pool1d(X[0], 2),
    "max_pool3d": lambda: OPERATORS.max_pool3d(CUBE, 2),
    "adaptive_max_pool2d": lambda: OPERATORS.adaptive_max_pool2d(X, [4, 4]),
    "avg_pool2d": lambda: OPERATORS.avg_pool2d(X, 2),
    "avg_pool3d": lambda: OPERATORS.avg_pool3d(CUBE, 2),
    "adaptive_avg_pool2d": lambda: OPERATORS.adaptive_avg_pool2d(X, [4, 4]),
    "adaptive_avg_pool3d": lambda: OPERATORS.adaptive_avg_pool3d(CUBE, [2, 2, 2]),
    "fractional_max_pool3d": lambda: OPERATORS.fractional_max_pool3d(
        CUBE, [2, 2, 2], [2, 2, 2], torch.full((1, 1, 3), 0.5)
    ),
    "max_unpool2d": lambda: OPERATORS.max_unpool2d(
        X[..., :2, :2], torch.zeros(1, 1, 2, 2).long(), [4, 4]
    ),
    "lp_pool2d": lambda: F.lp_pool2d(X, 2.0, 2),
    "the module": lambda: torch.nn.modules.pooling.MaxPool2d(2),
}


@pytest.mark.parametrize("call", BANNED_CALLS.values(), ids=BANNED_CALLS.keys())
def test_sees_every_way_to_a_library_pooling(call):
    watch = Watch(get_drill(DRILL).spec.forbidden)
    with watch.active():
        call()
    assert watch.seen


def test_unfolding_and_autograd_are_not_banned():
    watch = Watch(get_drill(DRILL).spec.forbidden)
    with watch.active():
        leaf = X.clone().requires_grad_()
        leaf.unfold(2, 2, 2).unfold(3, 2, 2).flatten(-2).amax(-1).sum().backward()
        F.fold(F.unfold(X, 2), (8, 8), 2)
    assert watch.seen == []
