"""What the core of attention keeps: eager, SDPA or Flash, grouped queries, masks, dropout."""

from __future__ import annotations

from topics.labs.memory.hf_parts import Parts
from topics.labs.memory.tape import Value


def attend(
    parts: Parts,
    q: Value,
    k: Value,
    v: Value,
    *,
    softmax_fp32: bool = True,
    kv_seq: int = 0,
    masked: bool | None = None,
    eager_only: bool = False,
    repeat: bool = True,
    by_head: bool = False,
    bias_heads: float = 0.0,
) -> Value:
    """Softmax of QK^T times V, ready for the output projection.

    `kv_seq` is the keys' length where it differs (cross-attention). `masked` says whether SDPA is
    given a mask; flash-attn never is. `eager_only` is for families that have nothing else. With
    `repeat` false, SDPA broadcasts a single key-value head by itself, which no fused kernel can:
    everything is then written out. `by_head` says that the query
    lies in memory head by head (partial rotary joins its halves so); a fused kernel's result then
    does too, and must be copied for the output projection. `bias_heads` counts the heads of a
    learned position bias (T5), which SDPA takes as a mask of its own for each.
    """
    run = parts.run
    masked = run.mask if masked is None else masked
    kind = "eager" if eager_only else run.attention
    if kind == "eager":
        return _eager(parts, q, k, v, softmax_fp32 or run.autocast, kv_seq)
    return _fused(parts, q, k, v, kv_seq, masked and kind == "sdpa", repeat, by_head, bias_heads)


def _dropout(parts: Parts) -> float:
    return parts.model.attention_dropout if parts.run.dropout else 0.0


def _repeat(parts: Parts, x: Value, kv_seq: int) -> Value:
    """Each key-value head once per query head that shares it."""
    head_dim = x.elements / (parts.batch * kv_seq * parts.kv_heads)
    return parts.tape.copy(x, parts.batch * kv_seq * parts.heads * head_dim)


def _product_input(parts: Parts, x: Value, kv_seq: int, shared: bool = False) -> Value:
    """What a batched product reads: a copy by batch and head, or x itself where a view will do.

    With one sequence the heads of a slice are views into it, and its whole storage is kept.
    `shared` says that there are fewer heads than the query has; a single one is only expanded.
    """
    if parts.batch == 1 and (not shared or parts.kv_heads == 1):
        return x
    return _repeat(parts, x, kv_seq) if shared else parts.tape.copy(x)


def _eager(parts: Parts, q: Value, k: Value, v: Value, softmax_fp32: bool, kv_seq: int) -> Value:
    tape, model = parts.tape, parts.model
    kv_seq = kv_seq or parts.seq
    scores = parts.batch * parts.heads * parts.seq * kv_seq
    grouped = parts.heads != parts.kv_heads
    width = v.elements / (parts.batch * kv_seq * parts.kv_heads) * parts.heads
    query = _product_input(parts, q, kv_seq)
    key, value = (_product_input(parts, x, kv_seq, grouped) for x in (k, v))
    weights = tape.scale(tape.matmul(query, key, scores))
    if model.softcap:
        weights = tape.scale(tape.keep_result(weights))
    if model.sinks:  # one more logit per row; the softmax over both is cut back by a view
        wide = tape.keep_result(tape.copy(weights, scores * (kv_seq + 1) / kv_seq))
        probabilities = tape.view(wide, scores)
    else:
        # only fp16 has a softmax that widens on the way; bf16 is copied to fp32 first
        probabilities = tape.keep_result(tape.cast(weights, 4.0) if softmax_fp32 else weights)
    probabilities = tape.dropout(tape.cast(probabilities, v.item), _dropout(parts))
    return tape.copy(tape.matmul(probabilities, value, parts.tokens * width))


def _fused(
    parts: Parts,
    q: Value,
    k: Value,
    v: Value,
    kv_seq: int,
    masked: bool,
    repeat: bool,
    by_head: bool,
    bias_heads: float,
) -> Value:
    tape, run = parts.tape, parts.run
    kv_seq = kv_seq or parts.seq
    p = _dropout(parts)
    grouped = parts.heads != parts.kv_heads
    value_width = parts.heads / parts.kv_heads * v.elements / (parts.batch * kv_seq)
    query_width = q.elements / parts.tokens
    if grouped and repeat and (masked or query_width / parts.heads > 256):
        k, v = _repeat(parts, k, kv_seq), _repeat(parts, v, kv_seq)
        grouped = False
    composed = run.device == "cpu" and (p > 0 or value_width != query_width)
    if composed or (grouped and not repeat):
        return _math(parts, q, k, v, p, kv_seq, grouped)
    out = tape.new(parts.tokens * value_width, q.item, q.grad or k.grad or v.grad)
    sums = tape.new(parts.batch * parts.heads * parts.seq, 4.0, grad=False)
    bias = parts.seq * kv_seq * (parts.batch if masked else 1) * max(bias_heads, 1.0)
    mask = tape.new(bias, q.item, grad=False) if masked or bias_heads else None
    tape.record((q, k, v), (out,), (q, k, v, out, sums, mask))
    efficient = run.device == "cuda" and masked
    return tape.copy(out) if by_head and not efficient else tape.view(out)


def _math(
    parts: Parts, q: Value, k: Value, v: Value, p: float, kv_seq: int, grouped: bool
) -> Value:
    """No fused kernel fits (a CPU has none with dropout): all is written out, in fp32."""
    tape, item = parts.tape, q.item
    query = tape.scale(tape.cast(q, 4.0))
    key = _product_input(parts, tape.scale(tape.cast(k, 4.0)), kv_seq, grouped)
    value = _product_input(parts, tape.cast(v, 4.0), kv_seq, grouped)
    scores = parts.batch * parts.heads * parts.seq * kv_seq
    weights = tape.dropout(tape.keep_result(tape.matmul(query, key, scores)), p)
    width = v.elements / (parts.batch * kv_seq) * (parts.heads / parts.kv_heads if grouped else 1)
    return tape.copy(tape.cast(tape.matmul(weights, value, parts.tokens * width), item))
