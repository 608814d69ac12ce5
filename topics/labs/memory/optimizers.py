"""What each optimiser keeps per parameter."""

from __future__ import annotations

import re
from dataclasses import dataclass

from topics.labs.memory.units import dtype_bytes, refuse

SMALL = 4096  # bitsandbytes keeps states of smaller tensors in fp32
BLOCK8 = 256  # values that share one fp32 scale in an 8-bit state


@dataclass(frozen=True)
class Optimizer:
    """`states` numbers per parameter, in 8 bits or factored (rows and columns) where so marked."""

    name: str
    states: int
    eight_bit: bool = False
    factored: bool = False
    source: str = ""


OPTIMIZERS = {
    "adam": Optimizer("adam", 2, source="Adam (arXiv 1412.6980), algorithm 1"),
    "adam8bit": Optimizer(
        "adam8bit", 2, eight_bit=True, source="8-bit optimizers (arXiv 2110.02861), section 2"
    ),
    "adafactor": Optimizer(
        "adafactor", 1, factored=True, source="Adafactor (arXiv 1804.04235), section 3"
    ),
    "momentum": Optimizer("momentum", 1, source="SGD with momentum: one velocity per parameter"),
    "sgd": Optimizer("sgd", 0, source="plain SGD keeps nothing"),
    "lion": Optimizer("lion", 1, source="Lion (arXiv 2302.06675), program 1"),
    "none": Optimizer("none", 0, source="no optimiser"),
}
ALIASES = {  # without the signs between letters and digits
    "adamw": "adam",
    "adamwtorch": "adam",
    "adamwtorchfused": "adam",
    "fusedadam": "adam",
    "adamwhf": "adam",
    "pagedadamw": "adam",
    "adamw32bit": "adam",
    "pagedadamw32bit": "adam",
    "adamw8bit": "adam8bit",
    "8bitadam": "adam8bit",
    "8bitadamw": "adam8bit",
    "bnb8bit": "adam8bit",
    "adamwbnb8bit": "adam8bit",
    "pagedadam8bit": "adam8bit",
    "pagedadamw8bit": "adam8bit",
    "sgdmomentum": "momentum",
    "sgdm": "momentum",
    "nesterov": "momentum",
    "rmsprop": "momentum",
    "adagrad": "momentum",
}


def optimizer(name: str) -> Optimizer:
    """The optimiser of that name. Raises SettingError otherwise."""
    key = re.sub(r"[^a-z0-9]", "", name.lower())
    key = ALIASES.get(key, key)
    if key not in OPTIMIZERS:
        known = ", ".join([*OPTIMIZERS, "adamw"])
        raise refuse("unknown optimizer {name!r}; choose one of {known}", name=name, known=known)
    return OPTIMIZERS[key]


def state_bytes(kind: Optimizer, shape: tuple[float, ...], copies: float, dtype: str) -> float:
    """Bytes of the states of `copies` tensors of one shape (without a master copy)."""
    elements = 1.0
    for width in shape:
        elements *= width
    if kind.factored and len(shape) == 2:
        return copies * (shape[0] + shape[1]) * 4.0
    if kind.factored:
        return copies * elements * 4.0
    if kind.eight_bit and elements >= SMALL:
        return copies * elements * kind.states * (1 + 4 / BLOCK8)
    item = 4.0 if kind.eight_bit else dtype_bytes(dtype)
    return copies * elements * kind.states * item


def quantised_bits(block: int = 64, second_block: int = 0) -> float:
    """Bits per parameter that block-wise scales add to a quantised weight.

    One fp32 scale per `block`; with double quantisation an 8-bit scale per block and one fp32 scale
    per `second_block` of those (QLoRA, arXiv 2305.14314, section 3): 0.5 and 0.127.
    """
    if second_block:
        return 8 / block + 32 / (block * second_block)
    return 32 / block
