"""The two ends of a Hugging Face model on the tape: the tables in front, head and loss behind."""

from __future__ import annotations

from topics.labs.memory.hf_blocks import Traced
from topics.labs.memory.hf_parts import Parts
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.run import Run
from topics.labs.memory.tape import Value

INDEX = 8.0  # token ids and labels are int64


def trace_front(model: ModelConfig, run: Run) -> Traced:
    """Embedding lookups keep the token ids; rotary tables are kept once for all blocks.

    For an encoder-decoder this is both lookups and what lies between the stacks: the encoder's
    last norm and its output, which every cross-attention reads.
    """
    parts = Parts(model, run)
    tape = parts.tape
    ids = tape.new(parts.tokens, INDEX, grad=False)
    x = _embed(parts, ids)
    if model.encoder_layers:
        encoded = _t5_end(parts, x) if model.block == "t5" else x
        tape.record((encoded,), (encoded,), (encoded,), alias=True)
        if model.relative_buckets:  # which bucket each pair of positions falls into, per stack
            buckets = tape.new(2 * run.seq**2, INDEX, grad=False)
            tape.record((x,), (x,), (buckets,), alias=True)
        x = _embed(parts, tape.new(parts.tokens, INDEX, grad=False))
    if model.rotary:
        size = model.latent.rope_dim if model.latent else model.head_dim
        tables = tape.new(2 * run.seq * size, x.item, grad=False)
        tape.record((x,), (x,), (tables,), alias=True)
    return Traced(tape, ids, x)


def _embed(parts: Parts, ids: Value) -> Value:
    model, run, tape = parts.model, parts.run, parts.tape
    item = 4.0 if run.autocast else run.item
    width = model.token_width
    x = tape.new(parts.tokens * width, item, run.train_base or run.input_grads)
    kept = ids if run.train_base else None
    table = model.vocab * width * item / run.tp if run.train_base else 0.0
    tape.record((ids,), (x,), (kept,), param_grads=table)
    if model.positions:
        rows = tape.new(run.seq * model.hidden, item, run.train_base)
        positions = tape.new(run.seq, INDEX, grad=False)
        grads = model.positions * model.hidden * item
        tape.record((positions,), (rows,), (positions,), param_grads=grads)
        x = tape.add(x, rows)
    if model.embedding_norm:
        x = parts.layer_norm(x, width)
    if width != model.hidden:
        x = parts.linear(x, width, model.hidden, "")
    return tape.dropout(x, model.embedding_dropout if run.dropout else 0.0)


def _t5_end(parts: Parts, x: Value) -> Value:
    """T5 drops out once more behind the last norm of each stack."""
    return parts.residual_dropout(parts.norm(x))


def trace_back(model: ModelConfig, run: Run, *, tied_frozen: bool = False) -> tuple[Traced, Value]:
    """Final norm, head and cross-entropy; also returns the logits, which the output object holds.

    The causal-LM loss of transformers casts the logits to fp32; the loss of BERT, T5 and BART
    stays in the logits' dtype.
    """
    parts = Parts(model, run)
    tape = parts.tape
    start = parts.input()
    x = parts.norm(start) if model.final_norm else start
    if model.block == "t5":
        x = parts.residual_dropout(x)
    if model.head == "none":
        return Traced(tape, start, x), x
    if model.head == "mlm":
        x = parts.layer_norm(tape.keep_input(parts.linear(x, model.hidden, model.hidden, "")))
    if model.token_width != model.hidden:
        x = parts.linear(x, model.hidden, model.token_width, "")
    vocab = model.vocab / run.tp
    x = tape.view(x, parts.tokens * model.token_width)
    logits = tape.linear(
        x,
        parts.tokens * vocab,
        weight=model.token_width * vocab,
        trainable=run.train_base and not tied_frozen,
        workspace=0.0,
    )
    scores = logits
    if model.softcap:
        scores = tape.scale(tape.keep_result(tape.scale(scores)))
    if run.autocast or (model.head == "lm" and model.block not in ("t5", "bart")):
        scores = tape.cast(scores, 4.0)
    log_probabilities = tape.keep_result(scores)
    labels = tape.new(parts.tokens, INDEX, grad=False)
    loss = tape.new(1, 4.0)
    tape.record((log_probabilities,), (loss,), (log_probabilities, labels))
    return Traced(tape, start, loss), logits
