"""A mixture of experts on the tape: the router, the grouped products, the shared expert."""

from __future__ import annotations

from topics.labs.memory.hf_parts import Parts
from topics.labs.memory.tape import Value


def mixture(p: Parts, x: Value) -> Value:
    """transformers' grouped_mm: every token copied once per expert it visits, sorted by expert."""
    model, tape, run = p.model, p.tape, p.run
    experts = model.experts
    assert experts is not None
    hidden, tokens = model.hidden, p.tokens
    logits = tape.linear(
        x, tokens * experts.count, weight=hidden * experts.count, trainable=run.train_base
    )
    scores = tape.keep_result(tape.cast(logits, 4.0))
    chosen = tape.copy(scores, tokens * experts.top_k)
    rows = tokens * experts.top_k
    width = experts.intermediate / run.tp
    picked = tape.copy(x, rows * hidden)
    both = _grouped(p, picked, rows * 2 * width, 2 * width * hidden)
    gate, up = tape.split(both, rows * width, rows * width)
    inner = _clamped(p, gate, up) if model.sinks else tape.multiply(p.activation(gate), up)
    out = _grouped(p, inner, rows * hidden, width * hidden)
    weighted = tape.multiply(out, chosen)
    routed = tape.copy(weighted, tokens * hidden)
    if not experts.shared_intermediate:
        return routed
    shared = p.mlp(x, experts.shared_intermediate, "shared_")
    if experts.shared_gate:
        sigmoid = tape.keep_result(tape.linear(x, tokens, weight=hidden, trainable=run.train_base))
        shared = tape.multiply(sigmoid, shared)
    return tape.add(routed, shared)


def _grouped(p: Parts, x: Value, out_elements: float, weight: float) -> Value:
    experts = p.model.experts
    assert experts is not None
    size = weight * experts.count
    return p.tape.linear(x, out_elements, weight=size, trainable=p.run.train_base)


def _clamped(p: Parts, gate: Value, up: Value) -> Value:
    """gpt-oss clamps both halves; its swish is gate * sigmoid(alpha gate) * (up + 1), in steps."""
    tape = p.tape
    gate, up = tape.keep_input(gate), tape.keep_input(up)
    swish = tape.multiply(gate, tape.keep_result(tape.scale(gate)))
    return tape.multiply(tape.scale(up), swish)
