"""The memory of one GPU: states, activations, cache and the rest, on the stage that needs most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from topics.labs.memory.cards import card
from topics.labs.memory.hf_blocks import trace
from topics.labs.memory.hf_step import Moment
from topics.labs.memory.kv_cache import KvCache, kv_cache
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.playback import forward_peak
from topics.labs.memory.run import Run
from topics.labs.memory.setting import Setting
from topics.labs.memory.stages import Stage, stage_states, stages
from topics.labs.memory.states import States, bare_states
from topics.labs.memory.training import Usage, fused_usage, gathered, hf_usage
from topics.labs.memory.units import dtype_bytes

HOPPER_WORKSPACE = 32 * 2**20
WORKSPACE = 8.125 * 2**20  # cuBLAS: two buffers of 4 MiB and eight of 16 KiB
PREFILL_CHUNK = 8192  # tokens that a serving engine computes at once


@dataclass(frozen=True)
class StageMemory:
    """Bytes on one GPU of a stage. Sizes are whole; `peak` is the moment when most is held."""

    index: int
    layers: int
    states: States
    activations: float
    per_layer: float
    logits: float
    kv_cache: float
    overhead: float
    moments: tuple[Moment, ...]

    @property
    def peak(self) -> Moment:
        return max(self.moments, key=lambda moment: moment.total)

    @property
    def fixed(self) -> float:
        """What is there all the time."""
        return self.states.weights + self.states.optimizer + self.kv_cache + self.overhead

    @property
    def total(self) -> float:
        return self.fixed + self.peak.total

    def at(self, moment: Moment) -> dict[str, float]:
        """Bytes by kind at one moment; they add up to that moment's total."""
        return {
            "weights": self.states.weights,
            "gradients": moment.gradients,
            "optimizer": self.states.optimizer,
            "activations": moment.activations,
            "logits": moment.logits,
            "kv_cache": self.kv_cache,
            "temporary": moment.temporary,
            "overhead": self.overhead,
        }


def stage_memories(s: Setting) -> list[StageMemory]:
    """Every pipeline stage of the setting."""
    if s.model is None:
        states = bare_states(s)
        moment = Moment("step", 0.0, 0.0, states.gradients, gathered(s, states))
        return [StageMemory(0, 0, states, 0.0, 0.0, 0.0, 0.0, 0.0, (moment,))]
    return [_stage(s, s.model, stage) for stage in stages(s, s.model)]


def needed(s: Setting) -> float:
    """The total of the stage that needs most, for a resolved setting: what a search asks for."""
    return without_card(replace(s, card="", price=-1.0)) + workspaces(s)


@lru_cache(maxsize=4096)
def without_card(s: Setting) -> float:
    """Of stages with the same blocks only the first counts: it holds the most micro-batches."""
    if s.model is None:
        return stage_memories(s)[0].total
    unlike: dict[object, Stage] = {}
    for stage in stages(s, s.model):
        unlike.setdefault((stage.parts, stage.front, stage.back), stage)
    return max(_stage(s, s.model, stage).total for stage in unlike.values())


def _stage(s: Setting, model: ModelConfig, stage: Stage) -> StageMemory:
    states = stage_states(s, model, stage)
    overhead = workspaces(s)
    if s.mode == "inference":
        cache = cache_of(s, model)
        moment = Moment("prefill", 0.0, _last_logits(s, model), 0.0, _prefill(s, model, states))
        usage = Usage(0.0, 0.0, moment.logits, (moment,))
        return _memory(stage, states, usage, cache.per_gpu, overhead)
    make = fused_usage if s.activations == "fused" else hf_usage
    return _memory(stage, states, make(s, model, stage, states), 0.0, overhead)


def _memory(
    stage: Stage, states: States, usage: Usage, cache: float, overhead: float
) -> StageMemory:
    return StageMemory(
        stage.index,
        stage.blocks,
        states,
        usage.activations,
        usage.per_layer,
        usage.logits,
        cache,
        overhead,
        usage.moments,
    )


def cache_of(s: Setting, model: ModelConfig) -> KvCache:
    """The KV cache of `batch` requests of `seq` tokens."""
    return kv_cache(
        model,
        seq=s.seq,
        requests=s.batch,
        value_bytes=dtype_bytes(s.kv_dtype),
        block=s.block,
        tp=s.tp,
        pp=s.pp,
        cp=s.cp,
    )


def workspaces(s: Setting) -> float:
    """cuBLAS workspaces: one for the forward thread, one for autograd's."""
    if not s.card or s.device != "cuda":
        return 0.0
    modern = card(s.card).name.startswith(("H", "B", "GB"))
    return (HOPPER_WORKSPACE if modern else WORKSPACE) * (2 if s.mode == "train" else 1)


def _last_logits(s: Setting, model: ModelConfig) -> float:
    """Generation needs the logits of each sequence's last token, in fp32."""
    return s.batch * model.vocab / s.tp * 4.0 if model.head == "lm" else 0.0


def _prefill(s: Setting, model: ModelConfig, states: States) -> float:
    """The widest moment inside a block while the prompt is computed."""
    tokens = s.batch * s.seq
    chunk = min(tokens, PREFILL_CHUNK) if s.activations == "fused" else tokens
    batch = max(1, chunk // s.seq)
    run = Run(
        batch=batch,
        seq=min(s.seq, chunk),
        attention="flash" if s.activations == "fused" else s.run_attention,
        mask=s.padded,
        item=s.item,
        device=s.run_device,
        tp=s.tp,
        quantised=s.quantised,
        dropout=False,
    )
    traced = trace(model, run, "moe" if model.moe_layers else "dense")
    return forward_peak(traced.tape, traced.input) + gathered(s, states)
