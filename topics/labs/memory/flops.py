"""FLOPs: exact matrix-product counts, and the rules of thumb beside them.

A product of (m, k) with (k, n) takes 2mkn FLOP. Lookups, norms and activations are not counted, as
usual. Attention is counted in full unless `causal` asks for the half that a causal mask leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from topics.labs.memory.model import ModelConfig
from topics.labs.memory.modules import Module, inventory


@dataclass(frozen=True)
class Forward:
    """FLOP of one forward pass per token, by what they are spent on."""

    linear: float  # all projections, experts and routers of the blocks
    attention: float  # QK^T and the product with V
    head: float  # the output head (and BERT's transform)

    @property
    def total(self) -> float:
        return self.linear + self.attention + self.head


def _multiplied(module: Module, model: ModelConfig) -> float:
    """Weights of the module that one token is multiplied with."""
    if len(module.shape) != 2 or module.role in ("embedding", "position"):
        return 0.0
    active = model.experts.top_k / model.experts.count if module.copies > 1 and model.experts else 1
    return module.weight * active


def _keys(seq: float, causal: bool, window: int) -> float:
    """How many keys a query meets on average."""
    if not window or window >= seq:
        return (seq + 1) / 2 if causal else seq
    if not causal:
        return window
    return (window * (window + 1) / 2 + (seq - window) * window) / seq


@lru_cache(maxsize=512)
def forward_flops(
    model: ModelConfig, seq: int, causal: bool = False, kernel_window: bool = False
) -> Forward:
    """FLOP per token of a forward pass over sequences of `seq` tokens.

    An encoder-decoder is taken to have `seq` tokens on both sides, and counts both per decoder
    token. With `kernel_window` sliding-window layers count only their window.
    """
    found = inventory(model)
    linear = sum(
        layer.count * sum(_multiplied(m, model) for m in layer.modules) for layer in found.layers
    )
    head = sum(_multiplied(m, model) for m in found.back if m.role != "pooler")
    if model.tied and model.head != "none":
        head += model.vocab * model.token_width
    elif model.head == "mlm":
        head += model.vocab * model.hidden
    per_key = 2 * (model.q_width + model.v_width)
    window = model.window if kernel_window else 0
    decoder = (model.layers - model.window_layers) * _keys(seq, causal and model.causal, 0)
    decoder += model.window_layers * _keys(seq, causal and model.causal, window)
    if model.encoder_layers:
        decoder += (model.encoder_layers + model.layers) * seq  # encoder, and cross-attention
    front = sum(_multiplied(m, model) for m in found.front if m.role == "projection")
    return Forward(2 * (linear + front), per_key * decoder, 2 * head)


@dataclass(frozen=True)
class Training:
    """FLOP of training per token. `model` is forward and backward as the mathematics needs them;
    `hardware` adds what recomputation repeats (PaLM, arXiv 2204.02311, appendix B)."""

    forward: float
    backward: float
    recompute: float

    @property
    def model(self) -> float:
        return self.forward + self.backward

    @property
    def hardware(self) -> float:
        return self.model + self.recompute


def training_flops(
    model: ModelConfig,
    seq: int,
    *,
    recompute: str = "none",
    causal: bool = False,
    trainable_linear: float | None = None,
    adapter_params: float = 0.0,
    backward_share: float = 1.0,
    trains_head: bool = True,
) -> Training:
    """FLOP per token of one training step.

    Backward costs twice the forward pass: once for the gradients of the inputs, once for those of
    the weights. Frozen weights need only the first. `trainable_linear` is how many of the blocks'
    weights are trained (None: all), `adapter_params` what LoRA adds, `backward_share` the part of
    the blocks that the backward pass has to walk through.

    Selective recomputation is counted as its paper does (arXiv 2205.05198, appendix A): three times
    the forward attention per layer, although only its forward products are repeated.
    """
    forward = forward_flops(model, seq, causal)
    extra = 2 * adapter_params
    weights = forward.linear if trainable_linear is None else 2 * trainable_linear
    head = forward.head if trains_head else 0.0
    inputs = backward_share * (forward.linear + 2 * forward.attention) + forward.head
    backward = inputs + weights + head + 2 * extra
    again = {"none": 0.0, "selective": 3 * forward.attention, "full": forward.linear}[recompute]
    if recompute == "full":
        again += forward.attention + extra
    return Training(forward.total + extra, backward, again)


def six_nd(params: float, tokens: float) -> float:
    """6ND: two FLOP forward and four backward per parameter and token (arXiv 2001.08361, 2.1)."""
    return 6 * params * tokens


def mfu(flops_per_second: float, peak_flops: float, gpus: float = 1) -> float:
    """Model FLOPs utilisation: FLOP/s that the model needs over what the cards could do."""
    return flops_per_second / (peak_flops * gpus)


def train_seconds(flops: float, gpus: float, achieved_flops: float) -> float:
    """Seconds that `gpus` cards take at `achieved_flops` FLOP/s each."""
    return flops / (gpus * achieved_flops)


def compute_optimal(flops: float) -> tuple[float, float]:
    """Parameters and tokens that Chinchilla's rule of 20 tokens per parameter gives for a budget.

    C = 6 N D with D = 20 N, so N = sqrt(C / 120) (arXiv 2203.15556, table 3).
    """
    params = (flops / 120) ** 0.5
    return params, 20 * params


def ptdp_params(layers: int, hidden: int, vocab: int, seq: int) -> float:
    """12 l h^2 (1 + 13/(12h) + (V+s)/(12lh)) (Narayanan 2021, arXiv 2104.04473, equation 2)."""
    return (
        12 * layers * hidden**2 * (1 + 13 / (12 * hidden) + (vocab + seq) / (12 * layers * hidden))
    )


def ptdp_flops(layers: int, hidden: int, vocab: int, seq: int, batch: float) -> float:
    """96 B s l h^2 (1 + s/6h + V/16lh) per batch, with full recomputation (same, equation 3)."""
    share = 1 + seq / (6 * hidden) + vocab / (16 * layers * hidden)
    return 96 * batch * seq * layers * hidden**2 * share
