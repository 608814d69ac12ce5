import numpy as np
from jaxtyping import Float

Pair = int | tuple[int, int]


def max_pool_backward(
    grad_out: Float[np.ndarray, "N C H_out W_out"],
    x: Float[np.ndarray, "N C H W"],
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
) -> Float[np.ndarray, "N C H W"]:
    """The gradient of the input of a max-pooling, from the gradient of its output."""
    kh, kw = _pair(kernel_size)
    sh, sw = _pair(kernel_size if stride is None else stride)
    ph, pw = _pair(padding)
    n, c, h, w = x.shape
    border = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded = np.pad(x, border, constant_values=-np.inf)  # −inf never wins
    grad = np.zeros_like(padded)
    image, channel = np.ogrid[:n, :c]
    for i in range(grad_out.shape[2]):
        for j in range(grad_out.shape[3]):
            top, left = i * sh, j * sw
            window = padded[:, :, top : top + kh, left : left + kw].reshape(n, c, kh * kw)
            row, column = np.divmod(window.argmax(-1), kw)  # the first maximum, (N, C) each
            grad[image, channel, top + row, left + column] += grad_out[:, :, i, j]
    return grad[:, :, ph : ph + h, pw : pw + w]


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
