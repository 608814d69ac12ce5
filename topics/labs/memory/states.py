"""Weights, gradients and optimiser states of one GPU, under any mix of parallelism.

The rule is ZeRO's (arXiv 1910.02054, section 5): stage 1 shares the optimiser's states among the
data-parallel ranks, stage 2 the gradients too, stage 3 the weights too. Experts have fewer
data-parallel ranks where expert parallelism spreads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from topics.labs.memory.counts import adapters
from topics.labs.memory.modules import Layer, Module
from topics.labs.memory.optimizers import optimizer, quantised_bits, state_bytes
from topics.labs.memory.setting import QUANTISED, Setting
from topics.labs.memory.units import dtype_bytes


@dataclass(frozen=True)
class Piece:
    """A tensor on this rank: its shape here, how often it occurs, and what is done with it."""

    shape: tuple[float, ...]
    copies: float
    trained: bool
    expert: bool = False
    quantised: bool = False
    adapter: bool = False

    @property
    def elements(self) -> float:
        size = self.copies
        for width in self.shape:
            size *= width
        return size


@dataclass
class States:
    """Bytes on one GPU, and the parameter counts behind them (before ZeRO divides them)."""

    weights: float = 0.0
    gradients: float = 0.0
    master: float = 0.0
    moments: float = 0.0
    main_grads: float = 0.0
    held: float = 0.0  # parameters of this rank's model shard
    trained: float = 0.0
    quantised: float = 0.0
    adapter: float = 0.0
    largest: float = 0.0  # parameters of the largest unit that ZeRO-3 gathers at once
    by_role: dict[str, float] = field(default_factory=dict)

    @property
    def optimizer(self) -> float:
        return self.master + self.main_grads + self.moments


def split_fraction(module: Module, tp: int) -> float:
    """The share of a module's weight that one tensor-parallel rank holds."""
    if tp == 1 or module.split == "none":
        return 1.0
    if not module.units:
        return 1 / tp
    heads = max(1 / tp, 1 / module.units)  # each rank keeps at least one key-value head
    if not module.kv_rows:
        return heads
    rows = module.shape[0]
    kv = 2 * module.kv_rows
    return ((rows - kv) / tp + kv * heads) / rows


def pieces(module: Module, s: Setting, times: float, trained: bool) -> Iterator[Piece]:
    """The tensors of `times` such modules on this rank, with their adapters."""
    share = split_fraction(module, s.tp)
    expert = module.copies > 1
    copies = times * module.copies / (s.ep if expert else 1)
    shape: tuple[float, ...] = module.shape
    if module.split == "row":
        shape = (*module.shape[:-1], module.shape[-1] * share)
    elif module.split != "none":
        shape = (module.shape[0] * share, *module.shape[1:])
    quantised = s.quantised and module.linear and module.role != "head" and len(shape) == 2
    yield Piece(shape, copies, trained, expert, quantised)
    if module.bias:
        size = module.bias * (share if module.split in ("column", "vocab") else 1.0)
        yield Piece((size,), copies, trained, expert)


def adapter_pieces(module: Module, s: Setting, times: float) -> Iterator[Piece]:
    """A and B of the module's adapters; tensor parallelism splits the side that it splits there."""
    share = split_fraction(module, s.tp)
    for pair in adapters((module,), s.targets, s.rank):
        d_in = pair.d_in * (share if module.split == "row" else 1)
        d_out = pair.d_out * (share if module.split == "column" else 1)
        copies = times * module.copies / (s.ep if module.copies > 1 else 1)
        yield Piece((pair.rank, d_in), copies, True, adapter=True)
        yield Piece((d_out, pair.rank), copies, True, adapter=True)


def gather_unit(modules: tuple[Module, ...], s: Setting) -> float:
    """Parameters of these modules on this rank: what ZeRO-3 brings together at once."""
    return sum(p.elements for m in modules for p in pieces(m, s, 1, False))


class Tally:
    """Adds up the states of a rank, piece by piece."""

    def __init__(self, s: Setting) -> None:
        self.s = s
        self.kind = optimizer(s.optimizer)
        self.states = States()
        self.ranks = s.dp * s.cp
        self.expert_ranks = self.ranks / s.ep

    def add_module(self, module: Module, times: float, trained: bool) -> None:
        for piece in pieces(module, self.s, times, trained):
            self.add(piece, module.role)
        if self.s.lora:
            for piece in adapter_pieces(module, self.s, times):
                self.add(piece, "adapters")

    def add_layer(self, layer: Layer, times: float, trained: bool) -> None:
        for module in layer.modules:
            self.add_module(module, times, trained)
        if times:
            self.states.largest = max(self.states.largest, gather_unit(layer.modules, self.s))

    def add(self, piece: Piece, role: str) -> None:
        states, s = self.states, self.s
        ranks = self.expert_ranks if piece.expert else self.ranks
        count = piece.elements
        weights = count * self._weight_bytes(piece) / (ranks if s.zero >= 3 else 1)
        states.weights += 0.0 if s.offload_params else weights
        states.by_role[role] = states.by_role.get(role, 0.0) + weights
        states.held += count
        states.quantised += count if piece.quantised else 0.0
        states.adapter += count if piece.adapter else 0.0
        if piece.trained and s.mode == "train":
            self._add_training(piece, count, ranks)

    def _add_training(self, piece: Piece, count: float, ranks: float) -> None:
        states, s = self.states, self.s
        states.trained += count
        if not s.offload_optimizer:
            share = ranks if s.zero >= 1 else 1
            shape, copies = piece.shape, piece.copies
            states.moments += state_bytes(self.kind, shape, copies, s.optimizer_dtype) / share
            if s.master and self.kind.name != "none":
                states.master += count * dtype_bytes(s.master) / share
            if s.main_grads:
                states.main_grads += count * 4.0 / share
            states.gradients += count * dtype_bytes(s.grads) / (ranks if s.zero >= 2 else 1)
        elif s.zero < 2:  # stage 1 offloads the states alone; from stage 2 on gradients follow
            states.gradients += count * dtype_bytes(s.grads)

    def _weight_bytes(self, piece: Piece) -> float:
        s = self.s
        if piece.adapter:
            return dtype_bytes(s.adapter_dtype)
        if not piece.quantised:
            return dtype_bytes(s.compute if s.weights in QUANTISED else s.weights)
        extra = 0.0
        if s.base_dtype in ("nf4", "fp4"):
            extra = quantised_bits(64, 256 if s.double_quant else 0)
        elif s.base_dtype == "int4":
            extra = (16 + 4) / 128  # GPTQ and AWQ: an fp16 scale and a 4-bit zero per 128 weights
        return dtype_bytes(s.base_dtype) + extra / 8


def bare_states(s: Setting) -> States:
    """The same for a model of which only the number of parameters is known."""
    tally = Tally(s)
    trained = s.mode == "train" and s.method == "full"
    count = s.params / (s.tp * s.pp)
    tally.add(Piece((count,), 1, trained, quantised=s.quantised), "weights")
    tally.states.largest = s.largest_layer
    return tally.states
