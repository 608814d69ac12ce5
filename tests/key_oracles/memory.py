"""Memory keys by weighing real (or meta) tensors."""

import torch


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
