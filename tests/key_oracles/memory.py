"""Memory keys by weighing real (or meta) tensors."""

import functools

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def adam_mixed_precision_bytes(n_params):
    weight = torch.nn.Parameter(torch.randn(64, dtype=torch.bfloat16))
    weight.sum().backward()
    master = weight.detach().float().requires_grad_()
    optimizer = torch.optim.Adam([master])
    master.grad = torch.ones_like(master)
    optimizer.step()
    moments = [optimizer.state[master][name] for name in ("exp_avg", "exp_avg_sq")]
    held = [weight, weight.grad, master, *moments]
    return n_params * sum(tensor.nbytes for tensor in held) / weight.numel()


def kv_cache_bytes(n_layers, n_kv_heads, head_dim, seq_len, batch, bytes_per_value=2):
    dtype = {1: torch.float8_e4m3fn, 2: torch.bfloat16, 4: torch.float32}[bytes_per_value]
    shape = (batch, n_kv_heads, seq_len, head_dim)
    layers = [
        [torch.empty(shape, dtype=dtype, device="meta") for _ in "KV"] for _ in range(n_layers)
    ]
    return sum(tensor.nbytes for layer in layers for tensor in layer)


def kv_cache_formula(L, h, d, s, b, w):
    return kv_cache_bytes(L, h, d, s, b, w)


def recomputed_bytes(n_layers, width, seq_len, batch, kept):
    """Walk forward and back and note the most that is held at once."""
    hidden = torch.empty(batch, seq_len, width, dtype=torch.bfloat16, device="meta")
    inside = torch.empty(kept, *hidden.shape, dtype=torch.uint8, device="meta").nbytes
    held, most = 0, 0
    for _ in range(n_layers):
        held += hidden.nbytes
        most = max(most, held)
    for _ in range(n_layers):
        most = max(most, held + inside)
        held -= hidden.nbytes
    return most


def segment_peak(L, c, a):
    """Narrow down the best segment length by thirds, on a logarithmic scale."""

    def peak(power):
        k = 2.0**power
        return L / k * c + k * a

    low, high = -20.0, 40.0
    for _ in range(300):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if peak(left) < peak(right) else (left, high)
    return peak((low + high) / 2)


@functools.cache
def _llama(n_layers, n_heads, n_kv_heads, d_ff, vocab):
    config = LlamaConfig(
        num_hidden_layers=n_layers,
        hidden_size=128 * n_heads,
        head_dim=128,
        num_attention_heads=n_heads,
        num_key_value_heads=n_kv_heads,
        intermediate_size=d_ff,
        vocab_size=vocab,
        tie_word_embeddings=False,
    )
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    return sum(p.numel() for p in model.parameters())


def count_parameters(n_layers, n_heads, n_kv_heads, d_ff, vocab):
    one, two = (_llama(n, n_heads, n_kv_heads, d_ff, vocab) for n in (1, 2))
    return one + (n_layers - 1) * (two - one)


def logits_bytes(batch, seq_len, vocab):
    hidden = torch.empty(batch, seq_len, 4, dtype=torch.bfloat16, device="meta")
    head = torch.empty(4, vocab, dtype=torch.bfloat16, device="meta")
    return (hidden @ head).float().nbytes


def lora_state_bytes(n_base, n_trained):
    frozen = torch.empty(64, dtype=torch.bfloat16)
    adapter = adam_mixed_precision_bytes(n_trained)
    return n_base * frozen.nbytes / frozen.numel() + adapter
