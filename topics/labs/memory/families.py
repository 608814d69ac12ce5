"""From a transformers-style dictionary to a `ModelConfig`.

A family is a `model_type` of transformers (or of a model's own remote code). What the numbers of a
family alone do not say (which norms, where biases sit, whether tables are tied) stands in the
`families_*` modules beside this one. Defaults for keys that a config.json leaves out are those of
the family's class in transformers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from topics.labs.memory.families_encoder import ENCODER_FAMILIES
from topics.labs.memory.families_gpt import GPT_FAMILIES
from topics.labs.memory.families_llama import LLAMA_FAMILIES
from topics.labs.memory.families_moe import MOE_FAMILIES
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.reader import Reader
from topics.labs.memory.units import refuse

FAMILIES = {**GPT_FAMILIES, **LLAMA_FAMILIES, **ENCODER_FAMILIES, **MOE_FAMILIES}
SYNONYMS = {
    "gpt": "gpt2",
    "gpt3": "gpt2",
    "megatron": "gpt2",
    "qwen2.5": "qwen2",
    "mistral3": "mistral",
    "ministral": "mistral",
    "gemma3": "gemma3_text",
    "llama4": "llama4_text",
    "xlm_roberta": "xlm-roberta",
    "kimi_k2": "deepseek_v3",
    "yi": "llama",
}
STATE_SPACE = (
    "mamba",
    "mamba2",
    "rwkv",
    "jamba",
    "bamba",
    "zamba",
    "zamba2",
    "xlstm",
    "qwen3_next",
)


def model_from_config(config: Mapping[str, object], name: str = "") -> ModelConfig:
    """The shape of the model that a transformers-style dictionary describes.

    The family is `model_type` (or `arch`); without one the model is taken for a GPT. Raises
    SettingError for an unknown family, a missing size, or sizes that do not fit together.
    """
    nested = config.get("text_config")
    if isinstance(nested, Mapping):
        config = {**nested, "architectures": []}
    family = str(config.get("model_type") or config.get("arch") or "gpt2").lower()
    family = SYNONYMS.get(family, family)
    if family in STATE_SPACE:
        raise refuse(
            "{family} keeps a recurrent state instead of a KV cache, which this lab "
            "does not model; use --params N for its weights, gradients and optimiser",
            family=family,
        )
    if family not in FAMILIES:
        raise refuse(
            "unknown model family {family!r}; known: {names}. If it is built like one "
            'of these, set "model_type" to that one; or use --params N',
            family=family,
            names=", ".join(sorted(FAMILIES)),
        )
    model = FAMILIES[family](Reader({**config, "model_type": family}))
    return check(model.with_name(name or str(config.get("_name_or_path") or family)))


def model_from_file(path: Path) -> ModelConfig:
    """The shape in a config.json. Raises SettingError where the file is not one."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise refuse("cannot read {path}: {strerror}", path=path, strerror=error.strerror) from None
    except ValueError as error:
        raise refuse("{path} is not JSON: {error}", path=path, error=error) from None
    if not isinstance(config, dict):
        raise refuse("{path} holds no JSON object; give a model's config.json", path=path)
    return model_from_config(config, name=path.stem if path.stem != "config" else path.parent.name)


def check(model: ModelConfig) -> ModelConfig:
    """The same model, or SettingError where its sizes contradict each other."""
    if model.heads % model.kv_heads:
        raise refuse(
            "{heads} query heads cannot share {kv_heads} key-value heads evenly",
            heads=model.heads,
            kv_heads=model.kv_heads,
        )
    experts = model.experts
    if experts and experts.top_k > experts.count:
        raise refuse(
            "a token cannot visit {top_k} of {count} experts",
            top_k=experts.top_k,
            count=experts.count,
        )
    return model
