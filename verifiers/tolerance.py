"""How far a right answer may lie from the exact one: rounding in the dtype asked for, no more.

Four times the error that the reference itself makes in that dtype, plus a few units in the last
place of the largest term.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

REFERENCE_ERRORS = 4.0  # how many times the reference's own rounding error is forgiven
LAST_PLACES = {  # units in the last place of the largest term, by dtype
    torch.float64: 2.0**16,  # 1.5e-11: no better reference exists, and no float32 gets this near
    torch.float32: 16.0,
    torch.float16: 4.0,
    torch.bfloat16: 4.0,
}


@dataclass(frozen=True)
class Allowance:
    """How much rounding one case may show: the size of its terms, and a check's own factor.

    `strict` also tells an int from a float where either would do as an answer.
    """

    scale: float = 0.0
    slack: float = 1.0
    strict: bool = False


def tolerance(native: Tensor, exact: Tensor, allowance: Allowance) -> float:
    """The largest difference that rounding in `native`'s dtype explains.

    4 × the largest error of the reference itself + units in the last place of the largest term
    (cf. the criterion of FlashAttention's tests, which forgives twice the error of plain PyTorch).
    """
    both = torch.isfinite(native) & torch.isfinite(exact)
    want = exact.double()[both]
    own_error = (native.double()[both] - want).abs().max().item() if want.numel() else 0.0
    largest = max(want.abs().max().item() if want.numel() else 0.0, allowance.scale)
    places = LAST_PLACES[native.dtype] * torch.finfo(native.dtype).eps * largest
    return allowance.slack * (REFERENCE_ERRORS * own_error + places)


def outside(got: Tensor, want: Tensor, limit: float | Tensor) -> Tensor:
    """True where a value is neither near nor the same infinity nor NaN in both."""
    got, want = got.double(), want.double()
    near = (got - want).abs() <= limit
    return ~(near | (got == want) | (got.isnan() & want.isnan()))
