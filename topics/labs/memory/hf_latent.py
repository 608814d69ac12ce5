"""DeepSeek's multi-head latent attention on the tape (modeling_deepseek_v3)."""

from __future__ import annotations

from topics.labs.memory.hf_attention import attend
from topics.labs.memory.hf_parts import Parts
from topics.labs.memory.tape import Value


def latent_attention(p: Parts, x: Value) -> Value:
    """Down to the ranks, norms there, up to the heads, rotary parts joined by copies."""
    model, tape, latent = p.model, p.tape, p.model.latent
    assert latent is not None
    tokens, hidden, heads = p.tokens, model.hidden, p.heads
    q_out = heads * latent.qk_dim
    if latent.q_rank:
        low = p.norm(p.linear(x, hidden, latent.q_rank, "q_a"), latent.q_rank)
        q = p.linear(low, latent.q_rank, q_out, "q_b")
    else:
        q = p.linear(x, hidden, q_out, "q")
    compressed = p.linear(x, hidden, latent.kv_rank + latent.rope_dim, "kv_a")
    key_value, rope = tape.split(compressed, tokens * latent.kv_rank, tokens * latent.rope_dim)
    up = heads * (latent.nope_dim + latent.v_dim)
    both = p.linear(p.norm(key_value, latent.kv_rank), latent.kv_rank, up, "kv_b")
    nope, value = tape.split(both, tokens * heads * latent.nope_dim, tokens * heads * latent.v_dim)
    query = tape.copy(
        tape.add(tape.view(q), p.rotate(tape.view(q, tokens * heads * latent.rope_dim)))
    )
    key = tape.copy(nope, tokens * q_out)
    tape.record((rope,), (key,))
    return p.output(attend(p, query, key, value), heads * latent.v_dim)
