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
    """The gradient of the input of a max-pooling, from the gradient of its output.

    Ints or pairs (height, width); a stride of None means the kernel size. Returns an array with the
    shape and dtype of `x`.
    """
    raise NotImplementedError
