"""Six small training runs on a real GPU: the peak that PyTorch measures against the estimate.

Run with `pytest -m cuda -s tests/test_memory_cuda.py` to see predicted beside measured.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import transformers

from topics.labs.memory import Setting, estimate, model_from_config

SIZES: dict[str, Any] = {
    "num_hidden_layers": 12,
    "hidden_size": 1024,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "intermediate_size": 2816,
    "vocab_size": 32000,
}


@dataclass(frozen=True)
class Case:
    """One run: what is trained, how long the sequences are, whether blocks are checkpointed."""

    method: str = "full"
    seq: int = 1024
    recompute: str = "none"


CASES = [
    Case(seq=512),
    Case(seq=1024),
    Case(seq=2048),
    Case(recompute="full"),
    Case(method="lora"),
    Case(method="lora", recompute="full"),
]


def measured(case: Case, batch: int = 4) -> int:
    """torch.cuda.max_memory_allocated of two plain training steps in pure bf16."""
    gc.collect()
    torch.cuda.empty_cache()
    config = transformers.LlamaConfig(**SIZES)
    with torch.device("cuda"):
        model: Any = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    if case.method == "lora":
        import peft

        model = peft.get_peft_model(model, peft.LoraConfig(r=8, target_modules="all-linear"))
    if case.recompute == "full":
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    model.train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad])
    ids = torch.randint(0, 32000, (batch, case.seq), device="cuda")
    torch.cuda.reset_peak_memory_stats()
    for _ in range(2):
        output = model(input_ids=ids, labels=ids, use_cache=False)
        output.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return torch.cuda.max_memory_allocated()


def predicted(case: Case, batch: int = 4) -> float:
    setting = Setting(
        model_from_config({"model_type": "llama", **SIZES}),
        method=case.method,
        rank=8,
        master="none",
        activations="huggingface",
        padded=False,
        recompute=case.recompute,
        batch=batch,
        seq=case.seq,
        card="H100",
    )
    return estimate(setting).total


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_estimate_is_within_seven_percent_of_a_real_run(case: Case):
    real, ours = measured(case), predicted(case)
    print(f"\n{case}: measured {real / 1e9:.3f} GB, predicted {ours / 1e9:.3f} GB")
    assert ours == pytest.approx(real, rel=0.07)
