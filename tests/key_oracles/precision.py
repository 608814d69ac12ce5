"""Number formats by decoding bits and by asking torch for the neighbour."""

from fractions import Fraction

import torch

DTYPES = {"FP32": torch.float32, "FP16": torch.float16, "BF16": torch.bfloat16}
KNOWN = {"FP32": (127, 23), "FP16": (15, 10), "BF16": (127, 7)}


def largest_float(E, m):
    """The leading one and every stored bit set, each at its place."""
    for name, (exponent, bits) in KNOWN.items():
        assert _all_ones(exponent, bits) == torch.finfo(DTYPES[name]).max
    return _all_ones(E, m)


def _all_ones(exponent, bits):
    return float(sum(Fraction(2) ** (exponent - place) for place in range(bits + 1)))


def float_gap(value, form):
    """The next bit pattern, read as a number."""
    dtype = DTYPES[form]
    here = torch.tensor([value], dtype=dtype)
    bits = torch.int32 if form == "FP32" else torch.int16
    following = (here.view(bits) + 1).view(dtype)
    return float(following.double() - here.double())
