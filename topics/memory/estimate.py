"""How many bytes a training run holds on one card, part by part, and what a KV cache takes.

The parts are what an interviewer expects to hear named: weights, gradients, optimiser states,
activations, and the logits, which are an activation that people forget. Not counted: the CUDA
context, fragmentation and workspaces (about 1 GiB; `RESERVE`), and the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from topics.memory.models import ModelShape
from topics.peft.lora import TARGETS, trainable_parameters

GIB = 2**30
RESERVE = GIB
# QLoRA: 4 bits, an 8-bit scale per 64 weights, a 32-bit scale per 256 of those (arXiv:2305.14314).
NF4_BYTES = (4 + 8 / 64 + 32 / (64 * 256)) / 8
# Peak of a plain cross-entropy on bf16 logits, reached in its backward pass: the logits (2), the
# fp32 log-probabilities (4), their gradient (4) and that of the fp32 logits (4). Tested on torch.
LOGIT_BYTES = 14
METHODS = ("full", "LoRA", "QLoRA")
# Keep every activation; keep each layer's input and recompute the rest; the same, and keep those
# inputs in the computer's memory rather than the card's.
RECOMPUTE = ("off", "on", "on, inputs offloaded")


@dataclass(frozen=True)
class Job:
    """A training run on one card. LoRA attaches to every matrix of every layer."""

    model: ModelShape
    method: str = "full"
    rank: int = 16
    seq_len: int = 2048
    batch_size: int = 1
    recompute: str = "on"
    chunked_loss: bool = False


@dataclass(frozen=True)
class Parts:
    """Bytes at the peak, by what they hold."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.logits


def activation_bytes_per_token(model: ModelShape) -> int:
    """What one layer keeps of one token for its backward pass, in bytes (bf16).

    Fused norms and FlashAttention, so no score matrix: two norm inputs, two norm outputs, queries,
    keys, values, the attention output, and four tensors of the gated feed-forward block.
    """
    return 2 * (4 * model.hidden + 2 * model.q_dim + 2 * model.kv_dim + 4 * model.ffn)


def estimate(job: Job) -> Parts:
    """The parts of one job, 16 bytes a trained parameter: bf16 weight and gradient, fp32 Adam."""
    model = job.model
    trained = (
        model.parameters()
        if job.method == "full"
        else trainable_parameters(model, TARGETS["all linear"], job.rank)
    )
    frozen = {
        "full": 0.0,
        "LoRA": 2.0 * model.parameters(),
        "QLoRA": NF4_BYTES * model.linear_parameters() + 2 * model.other_parameters(),
    }[job.method]
    activations, logits = _activations(job)
    return Parts(frozen + 2 * trained, 2.0 * trained, 12.0 * trained, activations, logits)


def _activations(job: Job) -> tuple[float, float]:
    """Activations and logits, in bytes.

    With recomputation the insides of a layer exist for one layer at a time, and only after the
    logits are gone: the larger of the two sets the peak.
    """
    tokens = job.batch_size * job.seq_len
    layer = float(tokens * activation_bytes_per_token(job.model))
    logits = 0.0 if job.chunked_loss else float(LOGIT_BYTES * tokens * job.model.vocab)
    if job.recompute == "off":
        return job.model.n_layers * layer, logits
    kept = job.model.n_layers if job.recompute == "on" else 1
    inputs = float(kept * tokens * 2 * job.model.hidden)
    return inputs + max(0.0, layer - logits), logits


def fits(job: Job, card_bytes: float) -> bool:
    """Whether the job and the reserve fit on a card."""
    return estimate(job).total + RESERVE <= card_bytes


def longest_context(job: Job, card_bytes: float) -> int:
    """The most tokens a sequence may have on this card, 0 if even the weights do not fit."""
    low, high = 0, 1 << 22
    while low < high:
        middle = (low + high + 1) // 2
        if fits(replace(job, seq_len=middle), card_bytes):
            low = middle
        else:
            high = middle - 1
    return low


def kv_bytes_per_token(n_layers: int, values_per_layer: int, bytes_per_value: float = 2) -> float:
    """Cache bytes of a token. values_per_layer: 2 · kv_heads · head_dim, or MLA's latent width."""
    return n_layers * values_per_layer * bytes_per_value
