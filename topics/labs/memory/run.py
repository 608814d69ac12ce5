"""How a block is run: batch, kernels, dtypes, what is trained, and this rank's share of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from topics.labs.memory.tape import Device

Attention = Literal["eager", "sdpa", "flash"]


@dataclass(frozen=True)
class Run:
    """What the activations of one forward pass depend on, beside the model.

    `item` is the bytes of an activation (2 for bf16). `mask` is true where a batch is padded or
    packed, so that SDPA is given an explicit mask. `adapters` pairs a projection's role with its
    LoRA rank. With `train_base` false the model's own weights are frozen; `input_grads` says that
    the tables' output needs a gradient all the same, as checkpointing asks for. `tp` ranks split
    the heads and the feed-forward's width, and with `sp` the tokens everywhere else.

    `device` says whose kernels run: "cuda" keeps one byte per element for dropout, "cpu" composes
    dropout and, where there is any, attention too. "any" composes dropout but has fused attention:
    what eager attention shows on a machine without a GPU, and never less than a GPU keeps.
    """

    batch: int
    seq: int
    attention: Attention = "sdpa"
    mask: bool = True
    item: float = 2.0
    device: Device = "any"
    autocast: bool = False
    train_base: bool = True
    adapters: tuple[tuple[str, float], ...] = ()
    adapter_item: float = 4.0
    lora_dropout: float = 0.0
    quantised: bool = False
    tp: int = 1
    sp: bool = False
    dropout: bool = True
    input_grads: bool = False

    @property
    def tokens(self) -> int:
        return self.batch * self.seq
