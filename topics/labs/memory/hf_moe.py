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
    wide = model.family in ("deepseek_v2", "deepseek_v3", "glm4_moe")  # their routers run in fp32
    logits = tape.linear(
        tape.cast(x, 4.0) if wide else x,
        tokens * experts.count,
        weight=hidden * experts.count,
        trainable=run.train_base,
    )
    scores = tape.keep_result(tape.cast(logits, 4.0))
    chosen = tape.copy(scores, tokens * experts.top_k)
    rows = tokens * experts.top_k
    width = experts.intermediate / run.tp
    picked = tape.new(rows * hidden, x.item, x.grad)
    order = tape.new(4 * rows, 8.0, grad=False)  # who goes where and back: four index vectors
    tape.record((x,), (picked,), (order,))
    both = _grouped(p, picked, rows * 2 * width, 2 * width * hidden, "expert_gate_up")
    gate, up = tape.split(both, rows * width, rows * width)
    inner = _clamped(p, gate, up) if model.sinks else tape.multiply(p.activation(gate), up)
    out = _grouped(p, inner, rows * hidden, width * hidden, "expert_down")
    weighted = tape.multiply(out, chosen)
    routed = tape.copy(weighted, tokens * hidden)
    if not experts.shared_intermediate:
        return routed
    shared = p.mlp(x, experts.shared_intermediate, "shared_")
    if experts.shared_gate:
        sigmoid = tape.keep_result(p.linear(x, hidden, 1, "router"))
        shared = tape.multiply(sigmoid, shared)
    return tape.add(routed, shared)


def _grouped(p: Parts, x: Value, out_elements: float, weight: float, role: str) -> Value:
    """One product per expert. With adapters peft adds them to all experts' weights beforehand, in a
    new tensor that is kept, and gets a gradient, as large as the weights (its ParamWrapper)."""
    experts, tape = p.model.experts, p.tape
    assert experts is not None
    size = weight * experts.count
    if not p.adapters.get(role, 0):
        return tape.linear(x, out_elements, weight=size, trainable=p.run.train_base)
    merged = tape.new(size)
    tape.record((), (merged,))
    return tape.matmul(x, merged, out_elements)


def _clamped(p: Parts, gate: Value, up: Value) -> Value:
    """gpt-oss clamps both halves; its swish is gate * sigmoid(alpha gate) * (up + 1), in steps."""
    tape = p.tape
    gate, up = tape.keep_input(gate), tape.keep_input(up)
    swish = tape.multiply(gate, tape.keep_result(tape.scale(gate)))
    return tape.multiply(tape.scale(up), swish)
