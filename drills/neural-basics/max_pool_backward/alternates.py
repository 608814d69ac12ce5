"""Right answers in other styles; the verifier must pass them all."""

import numpy as np
import torch
import torch.nn.functional as F


def _two(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def plain_loops(grad_out, x, kernel_size, stride=None, padding=0):
    (kh, kw), (ph, pw) = _two(kernel_size), _two(padding)
    sh, sw = _two(stride) if stride is not None else (kh, kw)
    result = np.zeros(x.shape, dtype=x.dtype)
    for n, c, i, j in np.ndindex(*grad_out.shape):
        best, where = None, None
        for row in range(max(0, i * sh - ph), min(x.shape[2], i * sh - ph + kh)):
            for column in range(max(0, j * sw - pw), min(x.shape[3], j * sw - pw + kw)):
                if best is None or x[n, c, row, column] > best:
                    best, where = x[n, c, row, column], (n, c, row, column)
        result[where] += grad_out[n, c, i, j]
    return result


def windows_and_add_at(grad_out, x, kernel_size, stride=None, padding=0):
    (kh, kw), (ph, pw) = _two(kernel_size), _two(padding)
    sh, sw = _two(kernel_size if stride is None else stride)
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=-np.inf)
    views = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), axis=(2, 3))
    views = views[:, :, ::sh, ::sw]
    n, c, h_out, w_out = grad_out.shape
    winner = views.reshape(n, c, h_out, w_out, kh * kw).argmax(-1)
    ni, ci, oi, oj = np.indices(winner.shape)
    total = np.zeros(padded.shape, np.float64)
    np.add.at(total, (ni, ci, oi * sh + winner // kw, oj * sw + winner % kw), grad_out)
    height, width = x.shape[2:]
    return total[:, :, ph : ph + height, pw : pw + width].astype(x.dtype)


def one_offset_at_a_time(grad_out, x, kernel_size, stride=None, padding=0):
    """Loop over the kernel, not over the windows; a later offset must be strictly larger."""
    (kh, kw), (ph, pw) = _two(kernel_size), _two(padding)
    sh, sw = _two(kernel_size if stride is None else stride)
    h_out, w_out = grad_out.shape[-2:]
    edges = [(0, 0), (0, 0), (ph, ph + sh), (pw, pw + sw)]
    padded = np.pad(x, edges, mode="constant", constant_values=float("-inf"))

    def seen(array, r, q):
        return array[:, :, r : r + sh * h_out : sh, q : q + sw * w_out : sw][:, :, :h_out, :w_out]

    best = np.full(grad_out.shape, -np.inf, x.dtype)
    taken = np.full(grad_out.shape, -1)
    for number, (r, q) in enumerate(np.ndindex(kh, kw)):
        better = seen(padded, r, q) > best
        best = np.where(better, seen(padded, r, q), best)
        taken[better] = number
    grad = np.zeros_like(padded)
    for number, (r, q) in enumerate(np.ndindex(kh, kw)):
        seen(grad, r, q)[...] += np.where(taken == number, grad_out, 0)
    return grad[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]].copy()


def unfold_and_fold(grad_out, x, kernel_size, stride=None, padding=0):
    kernel, pad = _two(kernel_size), _two(padding)
    step = kernel if stride is None else _two(stride)
    values = torch.from_numpy(np.ascontiguousarray(x))
    n, c, h, w = values.shape
    padded = F.pad(values, (pad[1], pad[1], pad[0], pad[0]), value=float("-inf"))
    columns = F.unfold(padded, kernel, stride=step).reshape(n, c, kernel[0] * kernel[1], -1)
    chosen = F.one_hot(columns.argmax(2), kernel[0] * kernel[1]).movedim(-1, 2)
    spread = chosen * torch.from_numpy(np.array(grad_out)).reshape(n, c, 1, -1)
    spread = spread.to(values.dtype).reshape(n, -1, columns.shape[-1])
    return F.fold(spread, padded.shape[2:], kernel, stride=step)[
        :, :, pad[0] : pad[0] + h, pad[1] : pad[1] + w
    ].numpy()


def autograd_through_gather(grad_out, x, kernel_size, stride=None, padding=0):
    (kh, kw), (ph, pw) = _two(kernel_size), _two(padding)
    sh, sw = (kh, kw) if stride is None else _two(stride)
    leaf = torch.tensor(np.array(x), requires_grad=True)
    padded = F.pad(leaf, (pw, pw, ph, ph), value=-torch.inf)
    windows = padded.unfold(2, kh, sh).unfold(3, kw, sw).flatten(-2)
    pooled = windows.gather(-1, windows.argmax(-1, keepdim=True)).squeeze(-1)
    pooled.backward(torch.tensor(np.array(grad_out)).to(pooled.dtype))
    return leaf.grad.numpy()


def bincount_of_flat_positions(grad_out, x, kernel_size, stride=None, padding=0):
    """No padding at all: each window is cut off at the border."""
    (kh, kw), (ph, pw) = _two(kernel_size), _two(padding)
    sh, sw = _two(kernel_size if stride is None else stride)
    n, c, h, w = x.shape
    planes = np.ascontiguousarray(x).reshape(n * c, h, w)
    gradients = np.ascontiguousarray(grad_out).reshape(n * c, *grad_out.shape[2:])
    out = np.empty((n * c, h * w), dtype=x.dtype)
    for plane, gradient, target in zip(planes, gradients, out, strict=True):
        positions = []
        for i in range(gradient.shape[0]):
            top, bottom = max(i * sh - ph, 0), min(i * sh - ph + kh, h)
            for j in range(gradient.shape[1]):
                left, right = max(j * sw - pw, 0), min(j * sw - pw + kw, w)
                window = plane[top:bottom, left:right]
                r, q = np.unravel_index(np.argmax(window), window.shape)
                positions.append((top + r) * w + left + q)
        target[:] = np.bincount(positions, weights=gradient.ravel(), minlength=h * w)
    return out.reshape(x.shape)
