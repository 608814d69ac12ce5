"""Which blocks, tables and head each pipeline stage holds."""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.memory.model import ModelConfig
from topics.labs.memory.modules import Inventory, Layer, inventory
from topics.labs.memory.setting import Setting, frozen_blocks
from topics.labs.memory.states import States, Tally, gather_unit


@dataclass(frozen=True)
class Part:
    """`count` equal blocks of a stage, all trained or all frozen."""

    layer: Layer
    count: int
    trained: bool
    below_trained: bool  # frozen blocks in front of every trained one need no backward


@dataclass(frozen=True)
class Stage:
    """One pipeline stage: its number from 0, its blocks, and whether it has an end of the model."""

    index: int
    parts: tuple[Part, ...]
    front: bool
    back: bool
    in_flight: float  # micro-batches whose activations it holds at once

    @property
    def blocks(self) -> int:
        return sum(part.count for part in self.parts)


def stages(s: Setting, model: ModelConfig) -> list[Stage]:
    """All stages; blocks are dealt out evenly, earlier stages take the remainder.

    Under 1F1B stage i of p holds min(p - i, micro-batches) of them at once (Narayanan 2021); an
    interleaved schedule of m chunks holds 1 + (p-1)/(pm) times the first stage's share
    (Korthikanti 2022, section 4.2.3).
    """
    found = inventory(model)
    runs = _runs(s, model, found)
    depth = sum(part.count for part in runs)
    sizes = [depth // s.pp + (1 if i < depth % s.pp else 0) for i in range(s.pp)]
    result = []
    for index, size in enumerate(sizes):
        taken, runs = _take(runs, size)
        flight = float(min(s.pp - index, max(s.accumulate, s.in_flight)))
        if s.chunks > 1:
            flight *= 1 + (s.pp - 1) / (s.pp * s.chunks)
        result.append(Stage(index, tuple(taken), index == 0, index == s.pp - 1, flight))
    return result


def _runs(s: Setting, model: ModelConfig, found: Inventory) -> list[Part]:
    """The model's blocks in order, split where frozen ones end."""
    frozen = frozen_blocks(s, model) if s.mode == "train" else 0
    base_trained = s.mode == "train" and s.method in ("full", "freeze")
    parts = []
    for layer in found.layers:
        decoder = layer.kind != "encoder"
        still = min(layer.count, frozen) if decoder else (layer.count if frozen else 0)
        if still:
            parts.append(Part(layer, still, False, True))
        if layer.count > still:
            parts.append(Part(layer, layer.count - still, base_trained, False))
        frozen -= still if decoder else 0
    return parts


def _take(runs: list[Part], size: int) -> tuple[list[Part], list[Part]]:
    taken: list[Part] = []
    rest = list(runs)
    while size and rest:
        part = rest.pop(0)
        count = min(size, part.count)
        taken.append(Part(part.layer, count, part.trained, part.below_trained))
        if part.count > count:
            left = part.count - count
            rest.insert(0, Part(part.layer, left, part.trained, part.below_trained))
        size -= count
    return taken, rest


def stage_states(s: Setting, model: ModelConfig, stage: Stage) -> States:
    """Weights, gradients and optimiser states of one rank of the stage."""
    found = inventory(model)
    tally = Tally(s)
    tables = s.mode == "train" and s.method == "full"
    head = s.mode == "train" and (s.method == "full" or (s.method == "freeze" and not model.tied))
    for part in stage.parts:
        tally.add_layer(part.layer, part.count, part.trained)
    if stage.front:
        for module in found.front:
            tally.add_module(module, 1, tables)
    if stage.back:
        for module in found.back:
            tally.add_module(module, 1, head or (module.role == "norm" and s.method == "freeze"))
        if model.tied and not stage.front:  # the last stage needs its own copy of the tied table
            for module in found.front:
                if module.role == "embedding":
                    tally.add_module(module, 1, tables)
    outside = (found.front if stage.front else ()) + (found.back if stage.back else ())
    tally.states.largest = max(tally.states.largest, gather_unit(outside, s), s.largest_layer)
    return tally.states
