"""`estimate(Setting) -> Estimate`: the laboratory's one answer.

>>> from topics.labs.memory.presets import preset
>>> from topics.labs.memory.setting import Setting
>>> estimate(Setting(preset("llama-2-7b"), seq=4096)).parameters.total
6738415616
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.memory.cards import CONTEXT, card
from topics.labs.memory.cost import Cost, Flops, cost, flops
from topics.labs.memory.counts import (
    active_params,
    lora_params,
    non_embedding_params,
    total_params,
)
from topics.labs.memory.kv_cache import KvCache
from topics.labs.memory.lines import KEYS, Line, lines
from topics.labs.memory.memory import StageMemory, cache_of, stage_memories
from topics.labs.memory.modules import inventory
from topics.labs.memory.setting import Setting, frozen_blocks, resolved

NCCL = 500e6  # bytes that communication buffers take outside PyTorch's allocator


@dataclass(frozen=True)
class Parameters:
    """Counts over the whole model. `total` includes adapters only where there are some."""

    total: int
    active: int
    trainable: int
    non_embedding: int
    adapters: int = 0


@dataclass(frozen=True)
class Fit:
    """Does it fit? `needed` adds to the total what lives outside the framework's allocator."""

    card: str
    memory: float
    outside: float
    needed: float

    @property
    def fits(self) -> bool:
        return self.needed <= self.memory

    @property
    def headroom(self) -> float:
        return self.memory - self.needed


@dataclass(frozen=True)
class Estimate:
    """Everything the laboratory says about one setting.

    `lines` and `total` are of one GPU on the pipeline stage that needs most; `total` is the most
    that the framework has allocated at once (what torch.cuda.max_memory_allocated reports).
    """

    setting: Setting
    parameters: Parameters
    lines: tuple[Line, ...]
    total: float
    worst: StageMemory
    stages: tuple[StageMemory, ...]
    flops: Flops
    kv_cache: KvCache | None
    cost: Cost | None
    fit: Fit | None

    def line(self, key: str) -> Line:
        return next(line for line in self.lines if line.key == key)

    @property
    def cluster_bytes(self) -> float:
        """The totals of all GPUs together."""
        ranks = self.setting.gpus / len(self.stages)
        return ranks * sum(stage.total for stage in self.stages)

    @property
    def per_gpu_bytes(self) -> dict[str, float]:
        """Full sizes by kind, and the total at the peak."""
        return {line.key: line.bytes for line in self.lines} | {"total": self.total}


def estimate(setting: Setting) -> Estimate:
    """The answer to a setting. Raises SettingError for one that cannot be."""
    s = resolved(setting)
    found = stage_memories(s)
    worst = max(found, key=lambda stage: stage.total)
    counted = flops(s)
    return Estimate(
        s,
        _parameters(s),
        lines(s, worst),
        worst.total,
        worst,
        tuple(found),
        counted,
        cache_of(s, s.model) if s.model else None,
        cost(s, counted),
        fit(s, worst.total),
    )


def _parameters(s: Setting) -> Parameters:
    if s.model is None:
        count = round(s.params)
        trained = count if s.mode == "train" and s.method == "full" else 0
        return Parameters(count, count, trained, count)
    total = total_params(s.model)
    added = lora_params(s.model, s.rank, s.targets) if s.lora else 0
    trainable = {"full": total, "freeze": _unfrozen(s), "lora": added, "qlora": added}[s.method]
    return Parameters(
        total,
        active_params(s.model),
        trainable if s.mode == "train" else 0,
        non_embedding_params(s.model),
        added,
    )


def _unfrozen(s: Setting) -> int:
    """Parameters of the blocks that are trained, the last norm, and a head of its own."""
    assert s.model is not None
    found = inventory(s.model)
    frozen = frozen_blocks(s, s.model)
    count = 0
    for layer in found.layers:
        if layer.kind == "encoder":
            continue
        still = min(layer.count, frozen)
        frozen -= still
        count += (layer.count - still) * layer.params
    back = found.back if not s.model.tied else [m for m in found.back if m.role == "norm"]
    return count + sum(module.params for module in back)


def fit(s: Setting, total: float) -> Fit | None:
    """Does that total fit the setting's card? None where neither a card nor a memory is named."""
    if s.memory:
        return Fit("memory given", s.memory, 0.0, total)
    if not s.card:
        return None
    outside = CONTEXT + (NCCL if s.gpus > 1 else 0.0)
    return Fit(card(s.card).name, card(s.card).usable_bytes, outside, total + outside)


__all__ = ["KEYS", "Estimate", "Fit", "Line", "Parameters", "estimate"]
