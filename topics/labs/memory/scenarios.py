"""Settings worth looking at, by name: the page offers them, lessons may start from them."""

from __future__ import annotations

from topics.labs.memory.controls import defaults
from topics.labs.parallel.controls import Values

_QLORA: Values = {"method": "qlora", "recompute": "full", "gpu": "RTX-4090"}
_CHANGES: dict[str, Values] = {
    "full-7b": {"model": "llama-2-7b"},
    "lora-8b": {"method": "lora", "batch": 2, "recompute": "full", "gpu": "RTX-4090"},
    "qlora-8b": {**_QLORA, "batch": 2},
    "claim-24gb": {**_QLORA, "model": "qwen2.5-32b", "seq": 8192},
    "zero-3": {"dp": 8, "zero": 3, "recompute": "full", "seq": 4096, "gpu": "H100-SXM-80GB"},
    "gpt3-paper": {
        "model": "gpt-3-175b",
        "dp": 8,
        "tp": 8,
        "pp": 8,
        "sp": True,
        "activations": "fused",
        "attention": "eager",
        "recompute": "selective",
        "tokens_b": 300.0,
        "mfu": 0.51,
    },
    "gpt2-small": {
        "model": "gpt2",
        "batch": 8,
        "seq": 1024,
        "master": "none",
        "gpu": "RTX-3060",
    },
    "serve-70b": {
        "model": "llama-3.1-70b",
        "mode": "inference",
        "batch": 32,
        "seq": 8192,
        "tp": 4,
        "gpu": "H100-SXM-80GB",
    },
    "serve-deepseek": {
        "model": "deepseek-v3",
        "mode": "inference",
        "weights": "fp8",
        "batch": 128,
        "seq": 4096,
        "tp": 8,
        "gpu": "H200-SXM",
    },
    "phone-size": {
        "model": "qwen3-0.6b",
        "mode": "inference",
        "weights": "int4",
        "seq": 32768,
        "gpu": "RTX-3060",
    },
}


def scenarios() -> dict[str, Values]:
    """Every scenario's values in full."""
    return {name: {**defaults(), **changes} for name, changes in _CHANGES.items()}
