"""The memory and cost laboratory: will it fit, how long will it take, what does it cost.

Pure Python: no torch, no Streamlit. `estimate(Setting(...))` is the whole of it; the other modules
each hold one idea (what weights a model has, what autograd keeps, what a KV cache takes, what
training costs) and are what drills, questions and tests call.
"""

from topics.labs.memory.estimate import Estimate, estimate
from topics.labs.memory.families import model_from_config, model_from_file
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.presets import all_presets, preset
from topics.labs.memory.setting import Setting
from topics.labs.memory.units import SettingError

__all__ = [
    "Estimate",
    "ModelConfig",
    "Setting",
    "SettingError",
    "all_presets",
    "estimate",
    "model_from_config",
    "model_from_file",
    "preset",
]
