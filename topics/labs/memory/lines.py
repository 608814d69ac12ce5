"""The lines of an estimate: each amount with its formula, the numbers in it, and its source.

Sentences go through `topics.phrases.say`, so that a page can show them in the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.memory.memory import StageMemory
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.optimizers import optimizer
from topics.labs.memory.setting import Setting
from topics.labs.memory.units import dtype_bytes, format_bytes, format_count
from topics.phrases import say

ZERO = "ZeRO (arXiv 1910.02054), section 5 and figure 1"
KORTHIKANTI = "Korthikanti et al. 2022 (arXiv 2205.05198), table 2 and section 4"
QLORA = "QLoRA (arXiv 2305.14314), section 3"
CUBLAS = "PyTorch, CUDA semantics: cuBLAS workspaces"
LABELS = {
    "weights": "Weights",
    "gradients": "Gradients",
    "optimizer": "Optimiser states",
    "activations": "Activations",
    "logits": "Logits and loss",
    "kv_cache": "KV cache",
    "temporary": "Temporary",
    "overhead": "Overhead",
}
KEYS = tuple(LABELS)
WHY_TEMPORARY = {
    "loss": "gradients of the logits and of the softmax, in fp32",
    "backward": "one block's gradients on their way, and what it recomputes",
    "tables": "a gradient for the whole token table",
    "optimizer": "roots of Adam's second moments (foreach)",
    "step": "one unit's gathered weights and gradients (ZeRO-3)",
}
WHEN = {
    "loss": "when the loss's backward starts",
    "backward": "inside a block's backward",
    "tables": "at the token table's gradient",
    "optimizer": "in the optimiser's step",
    "step": "throughout the step",
    "prefill": "while the prompt is computed",
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


Text = tuple[str, str, str]


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
        "logits": _logits(s),
        "kv_cache": _kv_cache(s),
        "temporary": _temporary(s, stage),
        "overhead": _overhead(s, stage),
    }
    return tuple(Line(key, say(LABELS[key]), sizes[key], peak[key], *texts[key]) for key in KEYS)


def _autograd() -> str:
    return say("transformers 5, played on the lab's tape; the tests compare it with autograd")


def _absent() -> Text:
    return "0", "0", say("not kept in this mode")


def _unknown() -> Text:
    return say("unknown"), say("needs the model's shape"), KORTHIKANTI


def _shard(s: Setting, stage: int) -> tuple[str, str]:
    """The divisor that ZeRO brings from its `stage` on."""
    ranks = s.dp * s.cp
    return (" / N", f" / {ranks}") if s.zero >= stage and ranks > 1 else ("", "")


def _bytes(dtype: str) -> str:
    return f"{dtype_bytes(dtype):g} B"


def _weights(s: Setting, stage: StageMemory) -> Text:
    if s.offload_params:
        return say("0 (offloaded)"), "0", ZERO
    states = stage.states
    symbol, value = _shard(s, 3)
    plain = states.held - states.quantised - states.adapter
    item = s.compute if s.quantised and s.base_dtype == s.weights else s.weights
    formula = say("Ψ × bytes of {dtype}", dtype=item)
    numbers = f"{format_count(plain)} × {_bytes(item)}"
    if states.quantised:
        packed = say("Ψ_q × (bytes of {dtype} + scales)", dtype=s.base_dtype)
        formula = f"{packed} + {formula}"
        numbers = f"{format_count(states.quantised)} × {_quantised(s)} + {numbers}"
    if states.adapter:
        formula += " + " + say("Ψ_LoRA × bytes of {dtype}", dtype=s.adapter_dtype)
        numbers += f" + {format_count(states.adapter)} × {_bytes(s.adapter_dtype)}"
    if symbol and "+" in formula:
        formula, numbers = f"({formula})", f"({numbers})"
    return formula + symbol, numbers + value, QLORA if states.quantised else ZERO


def _quantised(s: Setting) -> str:
    extra = {"nf4": 0.127 if s.double_quant else 0.5, "int4": 0.156}.get(s.base_dtype, 0.0)
    bits = dtype_bytes(s.base_dtype) * 8
    return f"({bits:g} + {extra}) / 8 B" if extra else f"{bits / 8:g} B"


def _gradients(s: Setting, stage: StageMemory) -> Text:
    if s.mode != "train":
        return _absent()
    if s.offload_optimizer and s.zero >= 2:
        return say("0 (offloaded with the optimiser)"), "0", "DeepSpeed, memory.rst"
    symbol, value = _shard(s, 2)
    formula = say("Ψ_trained × bytes of {dtype}", dtype=s.grads) + symbol
    trained = format_count(stage.states.trained)
    return formula, f"{trained} × {_bytes(s.grads)}{value}", ZERO


def _optimizer(s: Setting, stage: StageMemory) -> Text:
    if s.mode != "train":
        return _absent()
    kind = optimizer(s.optimizer)
    if s.offload_optimizer:
        return say("0 (offloaded)"), "0", ZERO
    symbol, value = _shard(s, 1)
    terms, numbers = _optimizer_terms(s)
    formula = " + ".join(terms)
    number = " + ".join(numbers)
    if len(terms) > 1:
        formula, number = f"({formula})", f"({number})"
    filled = f"{format_count(stage.states.trained)} × {number}{value}"
    if kind.factored:
        filled = format_bytes(stage.states.optimizer)
    return f"Ψ_trained × {formula}{symbol}", filled, kind.source


def _optimizer_terms(s: Setting) -> tuple[list[str], list[str]]:
    """What is kept per trained parameter: copies in fp32 and the optimiser's own states."""
    kind = optimizer(s.optimizer)
    terms, numbers = [], []
    if s.master:
        terms.append(say("{dtype} copy", dtype=s.master))
        numbers.append(_bytes(s.master))
    if s.main_grads:
        terms.append(say("fp32 gradients"))
        numbers.append("4 B")
    if kind.eight_bit:
        terms.append("2 × (1 + 4/256)")
        numbers.append("2.031 B")
    elif kind.factored:
        terms.append(say("(rows + columns) × 4 for each matrix"))
        numbers.append("…")
    else:
        terms.append(
            say("{states} × bytes of {dtype}", states=kind.states, dtype=s.optimizer_dtype)
        )
        numbers.append(f"{kind.states} × {_bytes(s.optimizer_dtype)}")
    return terms, numbers


def _activations(s: Setting, stage: StageMemory) -> Text:
    if s.mode != "train":
        return "0", "0", say("nothing is kept for a backward pass")
    if s.model is None:
        return _unknown()
    size = format_bytes(stage.per_layer)
    numbers = say("{layers} layers × {size}", layers=stage.layers, size=size)
    flight = stage.activations / (stage.per_layer * stage.layers) if stage.activations else 1.0
    if s.pp > 1 and abs(flight - 1) > 1e-6:
        numbers += say(" × {count:.3g} micro-batches", count=flight)
    if s.activations == "huggingface":
        return _autograd_formula(s), numbers, _autograd()
    return _fused_formula(s, s.model), numbers, KORTHIKANTI


def _autograd_formula(s: Setting) -> str:
    if s.recompute == "full":
        return say("layers × s·b·h × {item:g} (checkpoints)", item=s.item)
    return say("layers × every tensor that autograd saves ({attention})", attention=s.attention)


def _fused_formula(s: Setting, model: ModelConfig) -> str:
    if s.recompute == "full":
        return say("layers × s·b·h × {item:g}", item=s.item)
    eager = s.attention == "eager" and s.recompute == "none"
    paper = not model.gated and model.kv_heads == model.heads and s.item == 2 and not s.lora
    if not paper or not (model.attention_dropout and model.hidden_dropout and s.dropout):
        return say("layers × s·b × (norms + inputs + heads + feed-forward + scores) / t")
    scores = " + 5·a·s/h" if eager else ""
    if s.tp == 1:
        inside = f"(34{scores})"
    elif s.sp:
        inside = f"(34{scores})/t"
    else:
        inside = f"(10 + (24{scores})/t)"
    return say("layers × s·b·h·{inside}", inside=inside)


def _logits(s: Setting) -> Text:
    if s.model is None:
        return _unknown()
    vocab, tokens = s.model.vocab, s.batch * s.seq
    if s.mode == "inference":
        numbers = f"{s.batch} × {vocab:,} × 4 B / {s.tp}"
        return "b × V × 4 / t", numbers, say("the last token of each request, in fp32")
    if s.activations == "fused":
        numbers = say(
            "{tokens:,} tokens, V = {vocab:,}, t = {tp}", tokens=tokens, vocab=vocab, tp=s.tp
        )
        return say("s·b·(4·h + 4·V)/t on the last stage"), numbers, KORTHIKANTI
    numbers = say("{tokens:,} tokens × {vocab:,} × 4 B + …", tokens=tokens, vocab=vocab)
    return say("s·b·V × 4 for the loss, the last norm, the tables"), numbers, _autograd()


def _kv_cache(s: Setting) -> Text:
    if s.mode != "inference" or s.model is None:
        return _absent()
    model = s.model
    item = _bytes(s.kv_dtype)
    tokens = say("{batch} × {seq:,} tokens", batch=s.batch, seq=s.seq)
    if model.latent:
        width = f"({model.latent.kv_rank} + {model.latent.rope_dim})"
        formula = say("layers × (kv_lora_rank + rope) × bytes × tokens")
        source = "DeepSeek-V2 (arXiv 2405.04434), section 2.1"
        return formula, f"{model.layers} × {width} × {item} × {tokens}", source
    formula = say("2 × layers × kv_heads × head_dim × bytes × tokens / t")
    numbers = f"2 × {model.layers} × {model.kv_heads} × {model.head_dim} × {item} × {tokens}"
    if model.window_layers:
        few = say("{count} layers keep {window:,} tokens at most",
                  count=model.window_layers, window=model.window)  # fmt: skip
        numbers += f"; {few}"
    return formula, numbers, "PagedAttention (arXiv 2309.06180), section 3"


def _temporary(s: Setting, stage: StageMemory) -> Text:
    when = say(WHEN[stage.peak.name])
    if s.mode == "inference":
        return say("widest moment of one block's forward pass"), when, _autograd()
    if stage.peak.name == "step" and not stage.peak.temporary:
        return "0", "0", ZERO
    source = ZERO if stage.peak.name == "step" else _autograd()
    why = say(WHY_TEMPORARY[stage.peak.name])
    return why, when, KORTHIKANTI if s.activations == "fused" else source


def _overhead(s: Setting, stage: StageMemory) -> Text:
    if not s.card:
        return "0", say("name a card to count its library workspaces"), CUBLAS
    threads = 2 if s.mode == "train" else 1
    each = format_bytes(stage.overhead / threads)
    return say("cuBLAS workspace × threads"), f"{each} × {threads}", CUBLAS
