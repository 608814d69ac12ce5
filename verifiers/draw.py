"""Seeded inputs for checks, the same on both sides of the sandbox.

A check draws its inputs from a `Draw`. In the sandbox and for the reference's native run they have
the dtype asked for. For the reference's exact run they hold the same rounded values in float64, so
that one check yields the observation, the expected value and the rounding the dtype brings.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

Layout = Literal["contiguous", "transposed", "strided"]
T = TypeVar("T")


class Draw:
    """A source of inputs. `exact` upcasts every floating tensor to float64 after rounding.

    `quiet` spares the description of calls, where nobody will read it.
    """

    def __init__(
        self,
        seed: int,
        stream: str = "",
        *,
        exact: bool = False,
        device: str = "cpu",
        parameters: Sequence[str] = (),
        quiet: bool = False,
    ) -> None:
        entropy = [seed, zlib.crc32(stream.encode())]
        self.rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
        self.exact = exact
        self.quiet = quiet
        self.device = device
        self.parameters = tuple(parameters)  # names for reports, from the reference's signature

    # Python numbers

    def integer(self, low: int, high: int) -> int:
        """An int in [low, high], both included."""
        return int(self.rng.integers(low, high, endpoint=True))

    def number(self, low: float, high: float) -> float:
        """A float in [low, high] that float32 holds exactly.

        A right answer may keep it in a float32 tensor beside float64 data and loses nothing.
        """
        return float(np.float32(self.rng.uniform(low, high)))

    def choice(self, options: Sequence[T]) -> T:
        return options[int(self.rng.integers(len(options)))]

    # torch tensors

    def tensor(
        self,
        values: Any,
        dtype: torch.dtype = torch.float32,
        *,
        grad: bool = False,
        layout: Layout = "contiguous",
    ) -> Tensor:
        """A tensor of the given values, rounded to `dtype`; a leaf, in the layout asked for."""
        # By way of NumPy, as torch would round a list of Python floats to float32 first.
        given = values if isinstance(values, Tensor) else torch.as_tensor(np.asarray(values))
        rounded = given.to(dtype)
        if self.exact and rounded.is_floating_point():
            rounded = rounded.to(torch.float64)
        return with_layout(rounded.to(self.device), layout).requires_grad_(grad)

    def normal(
        self,
        *shape: int,
        scale: float = 1.0,
        mean: float = 0.0,
        dtype: torch.dtype = torch.float32,
        grad: bool = False,
        layout: Layout = "contiguous",
    ) -> Tensor:
        """Normal values with the given mean and standard deviation `scale`."""
        values = self.rng.normal(mean, scale, shape)
        return self.tensor(values, dtype, grad=grad, layout=layout)

    def uniform(self, low: float, high: float, *shape: int, **options: Any) -> Tensor:
        """Uniform values in [low, high); options as in `tensor`."""
        return self.tensor(self.rng.uniform(low, high, shape), **options)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """int64 values in [low, high], both included."""
        values = self.rng.integers(low, high, shape, endpoint=True)
        return self.tensor(values, torch.int64)

    def mask(self, *shape: int, keep: float = 0.7) -> Tensor:
        """Boolean values, True with probability `keep`."""
        return self.tensor(self.rng.uniform(size=shape) < keep, torch.bool)

    # NumPy arrays

    def array(
        self, values: Any, dtype: str = "float32", *, layout: Layout = "contiguous"
    ) -> np.ndarray:
        """An array of the given values, rounded to `dtype`, in the layout asked for."""
        rounded = np.asarray(values).astype(dtype)
        if self.exact and rounded.dtype.kind == "f":
            rounded = rounded.astype(np.float64)
        return with_layout(torch.from_numpy(rounded), layout).numpy()

    def normal_array(
        self,
        *shape: int,
        scale: float = 1.0,
        mean: float = 0.0,
        dtype: str = "float32",
        layout: Layout = "contiguous",
    ) -> np.ndarray:
        return self.array(self.rng.normal(mean, scale, shape), dtype, layout=layout)

    # Modules

    def fill(
        self, module: torch.nn.Module, scale: float = 0.5, dtype: torch.dtype = torch.float32
    ) -> None:
        """Give every parameter of a module drawn values, in the order of their names."""
        module.to(torch.float64 if self.exact else dtype).to(self.device)
        with torch.no_grad():
            for _, parameter in sorted(module.named_parameters()):
                drawn = self.normal(*parameter.shape, scale=scale, dtype=dtype)
                parameter.copy_(drawn)


def with_layout(tensor: Tensor, layout: Layout) -> Tensor:
    """The same values with other strides: last two axes swapped in memory, or every second slot."""
    if layout == "transposed" and tensor.dim() >= 2:
        return tensor.transpose(-1, -2).contiguous().transpose(-1, -2)
    if layout == "strided" and tensor.dim() >= 1:
        spread = tensor.new_zeros((*tensor.shape[:-1], tensor.shape[-1] * 2))
        spread[..., ::2] = tensor
        return spread[..., ::2]
    return tensor.contiguous()
