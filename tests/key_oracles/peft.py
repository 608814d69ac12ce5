"""LoRA and prefix keys by way of the peft library, adapters from torch's modules."""

import functools
import warnings

import torch
from peft import LoraConfig, PrefixTuningConfig, get_peft_model
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM


@functools.cache
def _attention_lora(width, kv_width, rank, names):
    """What peft adds to the four projections of one attention block, on the meta device."""
    block = nn.Module()
    for name in ("query", "key", "value", "output"):
        out = kv_width if name in ("key", "value") else width
        block.add_module(name, nn.Linear(width, out, bias=False, device="meta"))
    model = get_peft_model(block, LoraConfig(r=rank, target_modules=list(names)))
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def lora_parameters(n_layers, n_heads, n_kv_heads, head_dim, rank, attached):
    names = tuple(attached.replace(" and ", ", ").split(", "))
    shape = (n_heads * head_dim, n_kv_heads * head_dim)
    return n_layers * _attention_lora(*shape, rank, names)


def break_even_rank(m, n):
    """Bisection for the rank at which two thin matrices weigh as much as the full one."""
    low, high = 0.0, float(m * n)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * m + middle * n < m * n else (low, middle)
    return high


@functools.cache
def _lora_layer(rank, alpha, rslora):
    model = nn.Sequential(nn.Linear(3, 1, bias=False))
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=["0"], use_rslora=rslora)
    return get_peft_model(model, config)


def lora_entry(w, a_1, a_2, b, x, alpha):
    model = _lora_layer(2, alpha, False)
    layer = model.base_model.model[0]
    with torch.no_grad():
        layer.base_layer.weight.copy_(torch.tensor([w]))
        layer.lora_A["default"].weight.copy_(torch.tensor([a_1, a_2]))
        layer.lora_B["default"].weight.copy_(torch.tensor([b]))
        return float(model(torch.tensor(x, dtype=torch.float32))[0])


def rslora_alpha(alpha, rank, new_rank):
    def scale(*config):
        return _lora_layer(*config).base_model.model[0].scaling["default"]

    return scale(rank, alpha, False) / scale(new_rank, 1, True)


def adapter_parameters(L, d, m):
    adapter = nn.Sequential(nn.Linear(d, m, device="meta"), nn.Linear(m, d, device="meta"))
    return 2 * L * sum(p.numel() for p in adapter.parameters())


@functools.cache
def _prefix_of_one_layer(n_heads, n_kv_heads, head_dim, length):
    config = LlamaConfig(
        num_hidden_layers=1,
        hidden_size=n_heads * head_dim,
        num_attention_heads=n_heads,
        num_key_value_heads=n_kv_heads,
        intermediate_size=8,
        vocab_size=8,
    )
    tuned = PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=length)
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks under an old name
        model = get_peft_model(LlamaForCausalLM(config), tuned)
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def prefix_parameters(n_layers, n_heads, n_kv_heads, head_dim, length):
    return n_layers * _prefix_of_one_layer(n_heads, n_kv_heads, head_dim, length)
