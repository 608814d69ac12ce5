"""The lines of an estimate: each amount with its formula, the numbers in it, and its source."""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.memory.memory import StageMemory
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.optimizers import optimizer
from topics.labs.memory.setting import Setting
from topics.labs.memory.units import dtype_bytes, format_bytes, format_count

ZERO = "ZeRO (arXiv 1910.02054), section 5 and figure 1"
KORTHIKANTI = "Korthikanti et al. 2022 (arXiv 2205.05198), table 2 and section 4"
AUTOGRAD = "transformers 5 played on the lab's tape; the tests compare it with autograd"
KEYS = (
    "weights",
    "gradients",
    "optimizer",
    "activations",
    "logits",
    "kv_cache",
    "temporary",
    "overhead",
)
LABELS = {
    "weights": "Weights",
    "gradients": "Gradients",
    "optimizer": "Optimiser states",
    "activations": "Activations",
    "logits": "Embedding, logits and loss",
    "kv_cache": "KV cache",
    "temporary": "Temporary",
    "overhead": "Overhead",
}


@dataclass(frozen=True)
class Line:
    """One amount per GPU. `bytes` is its full size, `at_peak` what of it exists at the peak.

    Gradients, for one, do not exist yet when activations are largest: then `at_peak` is smaller.
    `formula` is in symbols, `numbers` the same with the setting's values.
    """

    key: str
    label: str
    bytes: float
    at_peak: float
    formula: str
    numbers: str
    source: str


def lines(s: Setting, stage: StageMemory) -> tuple[Line, ...]:
    """All eight lines; their `at_peak` add up to the stage's total."""
    peak = stage.at(stage.peak)
    sizes = {
        **peak,
        "gradients": stage.states.gradients,
        "activations": stage.activations,
        "logits": stage.logits,
    }
    texts = {
        "weights": _weights(s, stage),
        "gradients": _gradients(s, stage),
        "optimizer": _optimizer(s, stage),
        "activations": _activations(s, stage),
        "logits": _logits(s, stage),
        "kv_cache": _kv_cache(s),
        "temporary": _temporary(s, stage),
        "overhead": _overhead(s),
    }
    return tuple(Line(key, LABELS[key], sizes[key], peak[key], *texts[key]) for key in KEYS)


Text = tuple[str, str, str]
NOT_HERE: Text = ("0", "0", "not kept in this mode")


def _shard(s: Setting, stage: int) -> tuple[str, str]:
    """The divisor that ZeRO brings from its `stage` on."""
    ranks = s.dp * s.cp
    return (" / N", f" / {ranks}") if s.zero >= stage and ranks > 1 else ("", "")


def _number(value: float) -> str:
    return f"{value:g}"


def _weights(s: Setting, stage: StageMemory) -> Text:
    if s.offload_params:
        return "0 (offloaded)", "0", ZERO
    states = stage.states
    symbol, value = _shard(s, 3)
    plain = states.held - states.quantised - states.adapter
    item = s.compute if s.quantised and s.base_dtype == s.weights else s.weights
    formula, numbers = f"Ψ × {item} bytes", f"{format_count(plain)} × {_bytes(item)}"
    source = ZERO
    if states.quantised:
        formula = f"Ψ_q × ({s.base_dtype} bytes + scales) + {formula}"
        numbers = f"{format_count(states.quantised)} × {_quantised(s)} + {numbers}"
        source = "QLoRA (arXiv 2305.14314), section 3"
    if states.adapter:
        formula += f" + Ψ_LoRA × {s.adapter_dtype} bytes"
        numbers += f" + {format_count(states.adapter)} × {_bytes(s.adapter_dtype)}"
    if symbol and "+" in formula:
        formula, numbers = f"({formula})", f"({numbers})"
    return formula + symbol, numbers + value, source


def _bytes(dtype: str) -> str:
    return f"{_number(dtype_bytes(dtype))} B"


def _quantised(s: Setting) -> str:
    extra = {"nf4": 0.127 if s.double_quant else 0.5, "int4": 0.156}.get(s.base_dtype, 0.0)
    bits = dtype_bytes(s.base_dtype) * 8
    return f"({_number(bits)} + {extra}) / 8 B" if extra else f"{_number(bits / 8)} B"


def _gradients(s: Setting, stage: StageMemory) -> Text:
    if s.mode != "train":
        return NOT_HERE
    symbol, value = _shard(s, 2)
    if s.offload_optimizer and s.zero >= 2:
        return (
            "0 (offloaded with the optimiser)",
            "0",
            "DeepSpeed, memory requirements (memory.rst)",
        )
    trained = format_count(stage.states.trained)
    return (
        f"Ψ_trained × {s.grads} bytes{symbol}",
        f"{trained} × {_bytes(s.grads)}{value}",
        ZERO,
    )


def _optimizer(s: Setting, stage: StageMemory) -> Text:
    if s.mode != "train":
        return NOT_HERE
    kind = optimizer(s.optimizer)
    if s.offload_optimizer:
        return "0 (offloaded)", "0", ZERO
    symbol, value = _shard(s, 1)
    trained = format_count(stage.states.trained)
    if kind.eight_bit:
        formula, number = "2 × (1 + 4/256) bytes", "2.031 B"
    elif kind.factored:
        formula, number = "(rows + columns) × 4 bytes for each matrix", ""
    else:
        formula = f"{kind.states} × {s.optimizer_dtype} bytes"
        number = f"{kind.states} × {_bytes(s.optimizer_dtype)}"
    if s.main_grads:
        formula, number = f"fp32 gradients + {formula}", f"4 B + {number}"
    if s.master:
        formula, number = f"{s.master} copy + {formula}", f"{_bytes(s.master)} + {number}"
    if s.master or s.main_grads:
        formula, number = f"({formula})", f"({number})"
    if kind.factored:
        numbers = f"= {format_bytes(stage.states.optimizer)}"
    else:
        numbers = f"{trained} × {number}{value}"
    return f"Ψ_trained × {formula}{symbol}", numbers, kind.source


def _activations(s: Setting, stage: StageMemory) -> Text:
    if s.mode != "train":
        return "0", "0", "nothing is kept for a backward pass"
    if s.model is None:
        return "unknown", "needs the model's shape", KORTHIKANTI
    blocks = f"{stage.layers} layers × {format_bytes(stage.per_layer)}"
    flight = stage.activations / (stage.per_layer * stage.layers) if stage.activations else 0
    if abs(flight - 1) > 1e-6 and s.pp > 1:
        blocks += f" × {flight:.3g} micro-batches"
    if s.activations == "huggingface":
        return _autograd_formula(s), blocks, AUTOGRAD
    return _fused_formula(s, s.model), blocks, KORTHIKANTI


def _autograd_formula(s: Setting) -> str:
    if s.recompute == "full":
        return f"layers × s·b·h × {_number(s.item)} (checkpoints)"
    kept = "every tensor that autograd saves"
    return f"layers × {kept} ({s.attention} attention)"


def _fused_formula(s: Setting, model: ModelConfig) -> str:
    if s.recompute == "full":
        return "layers × 2·s·b·h"
    tokens = "s·b·h"
    scores = " + 5·a·s/h" if s.attention == "eager" and s.recompute == "none" else ""
    plain = model.gated or model.kv_heads != model.heads or not model.attention_dropout
    if plain or s.lora:
        tail = " + 2·a·s/h" if scores else ""
        return f"layers × {tokens} × (norms + inputs + heads + feed-forward{tail}), / t"
    if s.tp == 1:
        return f"layers × {tokens}(34{scores})"
    return f"layers × {tokens}{'(34' if s.sp else '(10 + (24'}{scores}){'' if s.sp else '/t)'}" + (
        "/t" if s.sp else ""
    )


def _logits(s: Setting, stage: StageMemory) -> Text:
    if s.model is None:
        return "unknown", "needs the model's shape", KORTHIKANTI
    vocab = s.model.vocab
    if s.mode == "inference":
        return (
            "b × V × 4 / t",
            f"{s.batch} × {vocab:,} × 4 B / {s.tp}",
            "last token of each request",
        )
    tokens = s.batch * s.seq
    if s.activations == "fused":
        formula = "s·b·(4·h + 4·V)/t on the last stage"
        return formula, f"{tokens:,} tokens, V = {vocab:,}, t = {s.tp}", KORTHIKANTI
    formula = "s·b·V × 4 for the loss, last norm, tables"
    return formula, f"{tokens:,} tokens × {vocab:,} × 4 B + …", AUTOGRAD


def _kv_cache(s: Setting) -> Text:
    if s.mode != "inference" or s.model is None:
        return NOT_HERE
    model = s.model
    source = "PagedAttention (arXiv 2309.06180), section 3"
    item = _bytes(s.kv_dtype)
    tokens = f"{s.batch} × {s.seq:,} tokens"
    if model.latent:
        width = f"({model.latent.kv_rank} + {model.latent.rope_dim})"
        formula = "layers × (kv_lora_rank + rope dim) × bytes × tokens"
        numbers = f"{model.layers} × {width} × {item} × {tokens}"
        return formula, numbers, "DeepSeek-V2 (arXiv 2405.04434), section 2.1"
    formula = "2 × layers × kv_heads × head_dim × bytes × tokens / t"
    numbers = f"2 × {model.layers} × {model.kv_heads} × {model.head_dim} × {item} × {tokens}"
    if model.window_layers:
        numbers += f"; {model.window_layers} layers keep {model.window:,} tokens at most"
    return formula, numbers, source


def _temporary(s: Setting, stage: StageMemory) -> Text:
    if s.mode == "inference":
        return "widest moment of one block's forward pass", "while the prompt is computed", AUTOGRAD
    moment = stage.peak.name
    why = {
        "loss": "gradients of the logits and of the softmax, in fp32",
        "backward": "one block's gradients on their way, and what it recomputes",
        "tables": "a gradient for the whole token table",
        "optimizer": "roots of Adam's second moments (foreach)",
        "step": "one unit's gathered weights and gradients (ZeRO-3)" if s.zero == 3 else "none",
    }[moment]
    source = ZERO if moment == "step" else AUTOGRAD
    return why, f"the peak is at: {moment}", KORTHIKANTI if s.activations == "fused" else source


def _overhead(s: Setting) -> Text:
    if not s.card:
        return "0", "name a card to count its library workspaces", "PyTorch, CUDA semantics"
    threads = 2 if s.mode == "train" else 1
    return (
        "cuBLAS workspace per thread",
        f"× {threads}",
        "PyTorch, CUDA semantics: cuBLAS workspaces",
    )
