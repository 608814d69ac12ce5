"""Wrong answers that people really give. Each docstring explains the misconception."""

import numpy as np


def _two(value):
    return (value, value) if isinstance(value, int) else value


def _first(window, kh, kw):
    """All the gradient to the first maximum in row-major order: (N, C, kh·kw) of 0 and 1."""
    return np.eye(kh * kw)[window.argmax(-1)]


def _backward(grad_out, x, kernel, stride, padding, share=_first, fill=-np.inf, add=True):
    """A right answer, but for how a window shares its gradient, what pads, and how it is added."""
    (kh, kw), (ph, pw) = _two(kernel), _two(padding)
    sh, sw = _two(kernel if stride is None else stride)
    n, c, h, w = x.shape
    padded = np.full((n, c, h + 2 * ph, w + 2 * pw), fill, x.dtype)
    padded[:, :, ph : ph + h, pw : pw + w] = x
    grad = np.zeros_like(padded)
    for i in range(grad_out.shape[2]):
        for j in range(grad_out.shape[3]):
            place = (..., slice(i * sh, i * sh + kh), slice(j * sw, j * sw + kw))
            window = padded[place]
            shares = share(window.reshape(n, c, window.shape[2] * window.shape[3]), kh, kw)
            part = (shares * grad_out[:, :, i, j, None]).reshape(window.shape)
            if add:
                grad[place] += part.astype(x.dtype)
            else:
                grad[place] = np.where(shares.reshape(window.shape) > 0, part, grad[place])
    return grad[:, :, ph : ph + h, pw : pw + w]


def every_maximum_takes_it(grad_out, x, kernel_size, stride=None, padding=0):
    """You give the gradient to every input that equals the maximum (`window == window.max()`). With
    ties it is then counted several times. One position takes it, the first in row-major order; ties
    are common, after a ReLU at 0 or in quantised images."""

    def share(window, kh, kw):
        return (window == window.max(-1, keepdims=True)).astype(float)

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def ties_share_equally(grad_out, x, kernel_size, stride=None, padding=0):
    """You divide the gradient among tied maxima. That is a valid subgradient, and `amax` does it, but
    here the first maximum in row-major order takes all of it, as in PyTorch's max-pooling."""

    def share(window, kh, kw):
        mask = (window == window.max(-1, keepdims=True)).astype(float)
        return mask / mask.sum(-1, keepdims=True)

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def last_maximum_takes_it(grad_out, x, kernel_size, stride=None, padding=0):
    """Of tied maxima your last one takes the gradient (`>=` where `>` belongs). It goes to the first
    in row-major order."""

    def share(window, kh, kw):
        return np.eye(kh * kw)[kh * kw - 1 - window[..., ::-1].argmax(-1)]

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def first_by_columns(grad_out, x, kernel_size, stride=None, padding=0):
    """You search each window column by column, so among tied maxima the leftmost wins. Row-major order
    reads a row to its end before the next row starts: the topmost wins, and within it the leftmost."""

    def share(window, kh, kw):
        by_columns = window.reshape(*window.shape[:2], kh, kw).swapaxes(-1, -2)
        chosen = _first(by_columns.reshape(window.shape), kh, kw)
        back = chosen.reshape(*window.shape[:2], kw, kh).swapaxes(-1, -2)
        return back.reshape(window.shape)

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def average_pooling(grad_out, x, kernel_size, stride=None, padding=0):
    """You spread the gradient evenly over the window. That is average pooling. The maximum does not
    move when any other input moves a little, so only the winner has a gradient."""

    def share(window, kh, kw):
        return np.full(window.shape, 1 / (kh * kw))

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def minimum_takes_it(grad_out, x, kernel_size, stride=None, padding=0):
    """You send the gradient to the smallest input of each window (`argmin`). The largest one was the
    output."""

    def share(window, kh, kw):
        return np.eye(kh * kw)[np.where(np.isinf(window), np.inf, window).argmin(-1)]

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def largest_magnitude_takes_it(grad_out, x, kernel_size, stride=None, padding=0):
    """You look for the largest absolute value. Max-pooling compares signed values: of −5 and 1 the
    maximum is 1."""

    def share(window, kh, kw):
        return _first(np.where(np.isinf(window), -1, np.abs(window)), kh, kw)

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def multiplied_by_the_input(grad_out, x, kernel_size, stride=None, padding=0):
    """You multiply the gradient by the winning value. The output *is* the winner, so its derivative
    is 1, whatever the value."""

    def share(window, kh, kw):
        return _first(window, kh, kw) * window.max(-1, keepdims=True)

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def only_positive_winners(grad_out, x, kernel_size, stride=None, padding=0):
    """You let a gradient through only where the maximum is above 0. That is ReLU's rule; max-pooling
    passes it on for negative maxima, too. Starting the search from a maximum of 0 does the same."""

    def share(window, kh, kw):
        return _first(window, kh, kw) * (window.max(-1, keepdims=True) > 0)

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def pads_with_zeros(grad_out, x, kernel_size, stride=None, padding=0):
    """You pad with zeros (the default of `np.pad`). A zero beats every negative input, and its gradient
    is lost with the border. Padding must never win: pad with −inf."""
    return _backward(grad_out, x, kernel_size, stride, padding, fill=0)


def pads_with_a_large_negative(grad_out, x, kernel_size, stride=None, padding=0):
    """You pad with a large negative constant such as −1e9. Inputs may lie below it, and then padding
    wins. Use −inf, or leave the border out of the window."""
    return _backward(grad_out, x, kernel_size, stride, padding, fill=-1e9)


def pads_with_the_smallest_input(grad_out, x, kernel_size, stride=None, padding=0):
    """You pad with `x.min()`. Padding then ties with the smallest input, and at the top and left border it
    comes first. Pad with −inf."""
    return _backward(grad_out, x, kernel_size, stride, padding, fill=x.min())


def overwrites_under_overlap(grad_out, x, kernel_size, stride=None, padding=0):
    """Where windows overlap you keep only the last gradient. An input that wins several windows moves
    several outputs, so its gradients add up. Mind NumPy: `grad[rows, columns] += g` with repeated
    indices adds only once; `np.add.at` adds each time."""
    return _backward(grad_out, x, kernel_size, stride, padding, add=False)


def stride_defaults_to_one(grad_out, x, kernel_size, stride=None, padding=0):
    """You take a missing stride as 1. For pooling `None` means the kernel size, so that the windows lie
    side by side."""
    return _backward(grad_out, x, kernel_size, 1 if stride is None else stride, padding)


def ignores_stride(grad_out, x, kernel_size, stride=None, padding=0):
    """You always step by the kernel size. The window of output (i, j) starts at
    (i · stride − padding, j · stride − padding)."""

    def step(size, k, p, count):
        return [min(i * k, size + 2 * p - k) for i in range(count)]

    (kh, kw), (ph, pw) = _two(kernel_size), _two(padding)
    n, c, h, w = x.shape
    padded = np.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)], constant_values=-np.inf)
    grad = np.zeros_like(padded)
    for i, top in enumerate(step(h, kh, ph, grad_out.shape[2])):
        for j, left in enumerate(step(w, kw, pw, grad_out.shape[3])):
            window = padded[:, :, top : top + kh, left : left + kw]
            chosen = _first(window.reshape(n, c, kh * kw), kh, kw).reshape(window.shape)
            grad[:, :, top : top + kh, left : left + kw] += (
                chosen * grad_out[:, :, i, j, None, None]
            ).astype(x.dtype)
    return grad[:, :, ph : ph + h, pw : pw + w]


def ignores_padding(grad_out, x, kernel_size, stride=None, padding=0):
    """You forget the padding: your first window starts at row 0 of the input. It starts `padding` rows
    above and as many columns to the left."""
    (ph, pw), (_, _, h, w) = _two(padding), x.shape
    below = np.pad(x, [(0, 0), (0, 0), (0, 2 * ph), (0, 2 * pw)], constant_values=-np.inf)
    return _backward(grad_out, below, kernel_size, stride, 0)[:, :, :h, :w]


def returns_the_border(grad_out, x, kernel_size, stride=None, padding=0):
    """You return the gradient of the padded input. Cut the border off again: the result has the shape
    of `x`."""
    (ph, pw) = _two(padding)
    wide = np.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)], constant_values=-np.inf)
    return _backward(grad_out, wide, kernel_size, stride, 0)


def width_before_height(grad_out, x, kernel_size, stride=None, padding=0):
    """You read pairs as (width, height). Here, as in PyTorch, they are (height, width), in the order of
    the axes of NCHW."""
    (kh, kw), (ph, pw) = _two(kernel_size), _two(padding)
    sh, sw = _two(kernel_size if stride is None else stride)
    return _clipped(grad_out, x, (kw, kh), (sw, sh), (pw, ph))


def square_windows(grad_out, x, kernel_size, stride=None, padding=0):
    """You use the first number of each pair for both axes. Kernel, stride and padding may differ
    between height and width."""
    kh, sh, ph = (
        _two(value)[0]
        for value in (kernel_size, kernel_size if stride is None else stride, padding)
    )
    return _clipped(grad_out, x, (kh, kh), (sh, sh), (ph, ph))


def _clipped(grad_out, x, kernel, stride, padding):
    """Windows wherever they fall, cut off at the border of x; those outside are left out."""
    (kh, kw), (sh, sw), (ph, pw) = kernel, stride, padding
    n, c, h, w = x.shape
    grad = np.zeros_like(x)
    for i in range(grad_out.shape[2]):
        for j in range(grad_out.shape[3]):
            rows = slice(max(0, i * sh - ph), max(0, i * sh - ph + kh))
            columns = slice(max(0, j * sw - pw), max(0, j * sw - pw + kw))
            window = x[:, :, rows, columns]
            size = window.shape[2] * window.shape[3]
            if size:
                chosen = np.eye(size)[window.reshape(n, c, size).argmax(-1)].reshape(window.shape)
                part = chosen * grad_out[:, :, i, j, None, None]
                grad[:, :, rows, columns] += part.astype(x.dtype)
    return grad


def one_winner_for_all_channels(grad_out, x, kernel_size, stride=None, padding=0):
    """You look for one maximum over all channels. Each channel of each image is pooled on its own."""

    def share(window, kh, kw):
        peak = window.max(axis=1, keepdims=True)
        return _first(window, kh, kw) * (
            window.max(-1, keepdims=True) == peak.max(-1, keepdims=True)
        )

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def one_winner_for_all_images(grad_out, x, kernel_size, stride=None, padding=0):
    """You find the winners in the first image and use them for the whole batch. Each image has winners
    of its own."""

    def share(window, kh, kw):
        return np.broadcast_to(_first(window[:1], kh, kw), window.shape)

    return _backward(grad_out, x, kernel_size, stride, padding, share)


def always_float64(grad_out, x, kernel_size, stride=None, padding=0):
    """You return float64, the default of `np.zeros`. The gradient has the dtype of `x`:
    `np.zeros_like(x)`."""
    return _backward(grad_out, x, kernel_size, stride, padding).astype(np.float64)


def always_float32(grad_out, x, kernel_size, stride=None, padding=0):
    """You return float32 whatever comes in. The gradient has the dtype of `x`: `np.zeros_like(x)`."""
    with np.errstate(over="ignore"):
        return _backward(grad_out, x, kernel_size, stride, padding).astype(np.float32)


def dtype_of_grad_out(grad_out, x, kernel_size, stride=None, padding=0):
    """You return the dtype of `grad_out`. The gradient of `x` has the dtype of `x`."""
    return _backward(grad_out, x, kernel_size, stride, padding).astype(grad_out.dtype)


def compares_in_float32(grad_out, x, kernel_size, stride=None, padding=0):
    """You cast the inputs to float32 before you look for the maximum. Two float64 inputs that differ in
    the tenth digit become a tie, and the wrong one may win."""
    with np.errstate(over="ignore"):
        rounded = x.astype(np.float32)
    return _backward(grad_out, rounded.astype(x.dtype), kernel_size, stride, padding)


def leftovers_make_a_window(grad_out, x, kernel_size, stride=None, padding=0):
    """You shift the last windows so that they end at the border. Rows and columns that do not fill a
    whole window are left out (floor mode), and their gradient is 0."""
    (kh, kw), (ph, pw) = _two(kernel_size), _two(padding)
    sh, sw = _two(kernel_size if stride is None else stride)
    n, c, h, w = x.shape
    padded = np.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)], constant_values=-np.inf)
    grad = np.zeros_like(padded)
    rows, columns = grad_out.shape[2:]
    for i in range(rows):
        top = h + 2 * ph - kh if i == rows - 1 else i * sh
        for j in range(columns):
            left = w + 2 * pw - kw if j == columns - 1 else j * sw
            window = padded[:, :, top : top + kh, left : left + kw]
            chosen = _first(window.reshape(n, c, kh * kw), kh, kw).reshape(window.shape)
            grad[:, :, top : top + kh, left : left + kw] += (
                chosen * grad_out[:, :, i, j, None, None]
            ).astype(x.dtype)
    return grad[:, :, ph : ph + h, pw : pw + w]


def changes_x(grad_out, x, kernel_size, stride=None, padding=0):
    """You write into `x` (for example to mark a winner that has been used). The caller's arrays must
    stay as they are; write into an array of your own."""
    right = _backward(grad_out, x, kernel_size, stride, padding)
    x[...] = right
    return right


def views_the_buffer_as_contiguous(grad_out, x, kernel_size, stride=None, padding=0):
    """You compute positions as if `x` lay in one piece in memory (`as_strided` with strides of your own,
    or its raw buffer). A view may have any strides: index it by its axes."""
    return _backward(grad_out, x.ravel("K").reshape(x.shape), kernel_size, stride, padding)
