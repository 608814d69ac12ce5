"""The memory of one training step of a Hugging Face model, moment by moment.

Autograd keeps what each block saved until that block's backward has run; gradients of weights
appear as the backward pass walks down. So the peak is where the sum of both, with what the running
block needs for itself, is largest: at the loss, in some block, at the tables, or in the optimiser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from topics.labs.memory.hf_blocks import Kind, Traced, trace
from topics.labs.memory.hf_ends import trace_back, trace_front
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.playback import backward_peak, forward_peak
from topics.labs.memory.run import Run


@dataclass(frozen=True)
class Stretch:
    """`count` blocks in a row that run alike. `checkpoint` keeps only each block's input."""

    kind: Kind
    count: int
    run: Run
    grad: bool = True  # does the first block's input need a gradient?
    checkpoint: bool = False


@dataclass(frozen=True)
class Moment:
    """Bytes held at one moment of a step, beside weights and optimiser states.

    `gradients` are finished gradients of weights, in the dtype that autograd makes them in;
    `temporary` is what the running operation holds for itself.
    """

    name: str
    activations: float = 0.0
    logits: float = 0.0
    gradients: float = 0.0
    temporary: float = 0.0

    @property
    def total(self) -> float:
        return self.activations + self.logits + self.gradients + self.temporary


@dataclass(frozen=True)
class StepMemory:
    """What a step keeps at the end of its forward pass, and the moments where it may peak."""

    activations: float  # saved by all blocks together
    per_layer: float  # saved by one ordinary block
    logits: float  # saved by the tables, the head and the loss
    moments: tuple[Moment, ...]

    @property
    def peak(self) -> Moment:
        return max(self.moments, key=lambda moment: moment.total)


@dataclass(frozen=True)
class _Block:
    """One block: what it keeps from forward to backward, its backward's peak, its gradients."""

    kept: float
    peak: float
    grads: float


def step_memory(
    model: ModelConfig,
    stretches: Sequence[Stretch],
    *,
    front: Run | None,
    back: Run | None,
    in_flight: float = 1.0,
) -> StepMemory:
    """The moments of one step on one rank.

    `front` and `back` are the runs of the tables and of the head, None where another pipeline stage
    holds them. `in_flight` micro-batches have their activations kept at once.
    """
    blocks = [block for stretch in stretches for block in _blocks(model, stretch)]
    saved = sum(block.kept for block in blocks)
    ends = trace_front(model, front) if front else None
    front_saved = (ends.saved if ends else 0.0) + _checkpointed_mask(stretches)
    waiting = (in_flight - 1) * (saved + front_saved)
    moments: list[Moment] = []
    grads = back_saved = held_logits = 0.0
    if back:
        tail, logits = trace_back(model, back, tied_frozen=model.tied and not back.train_base)
        back_saved = tail.saved
        peak = backward_peak(tail.tape, tail.output, held=(logits,))
        held = waiting + saved
        moments.append(Moment("loss", held, front_saved + back_saved, 0.0, peak - back_saved))
        grads += tail.tape.param_grads
        held_logits = logits.bytes
    above = saved
    for block in reversed(blocks):
        above -= block.kept
        temporary = block.peak - block.kept
        held = waiting + above + block.kept
        moments.append(Moment("backward", held, front_saved + held_logits, grads, temporary))
        grads += block.grads
    if ends:
        moments.append(_tables(model, ends, grads, waiting, front_saved + held_logits))
    per_layer = blocks[-1].kept if blocks else 0.0
    return StepMemory(
        saved * in_flight, per_layer, front_saved * in_flight + back_saved, _worst(moments)
    )


def _tables(model: ModelConfig, ends: Traced, grads: float, waiting: float, kept: float) -> Moment:
    """Backward of the lookups: a whole table of gradients, even where few rows were used.

    A table tied to the head has the head's gradient waiting; their sum takes a third buffer.
    """
    if not ends.tape.param_grads:
        return Moment("tables", waiting, kept, grads)
    temporary = backward_peak(ends.tape, ends.output) - ends.saved
    if model.tied and model.head != "none":
        temporary += model.vocab * model.token_width * ends.output.item
    return Moment("tables", waiting, kept, grads, temporary)


def _checkpointed_mask(stretches: Sequence[Stretch]) -> float:
    """Checkpoints keep the blocks' arguments: the mask too, which is otherwise freed after use."""
    run = next((s.run for s in stretches if s.checkpoint and s.count), None)
    if run is None or run.attention == "flash" or (run.attention == "sdpa" and not run.mask):
        return 0.0
    return run.batch * run.seq**2 * (run.item if run.attention == "eager" else 1.0)


def _worst(moments: list[Moment]) -> tuple[Moment, ...]:
    """In the order of a step; of the many moments inside blocks only the worst matters."""
    inside = [moment for moment in moments if moment.name == "backward"]
    worst = [max(inside, key=lambda moment: moment.total)] if inside else []
    before = [moment for moment in moments if moment.name == "loss"]
    after = [moment for moment in moments if moment.name == "tables"]
    return tuple(before + worst + after)


def _blocks(model: ModelConfig, stretch: Stretch) -> list[_Block]:
    if not stretch.count:
        return []
    run, kind, checkpoint = stretch.run, stretch.kind, stretch.checkpoint
    first = _block(model, run, kind, stretch.grad, checkpoint)
    frozen = not stretch.grad and not run.train_base and not run.adapters
    rest = first if frozen else _block(model, run, kind, True, checkpoint)
    return [first] + [rest] * (stretch.count - 1)


@lru_cache(maxsize=512)
def _block(model: ModelConfig, run: Run, kind: Kind, grad: bool, checkpoint: bool) -> _Block:
    traced = trace(model, run, kind, grad)
    if not traced.output.grad:
        return _Block(0.0, 0.0, 0.0)
    peak = backward_peak(traced.tape, traced.output)
    saved = traced.saved
    if not checkpoint:
        return _Block(saved, peak, traced.tape.param_grads)
    boundary = traced.input.bytes
    keeps_input = any(traced.input.storage in node.saved for node in traced.tape.nodes)
    again = forward_peak(traced.tape, traced.input, keep_saved=True) + traced.output.bytes
    peak = max(peak + (0.0 if keeps_input else boundary), again)
    return _Block(boundary, peak, traced.tape.param_grads)
