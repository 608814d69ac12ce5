"""Settings worth looking at, by name: the page offers them, questions may start from them."""

from __future__ import annotations

from dataclasses import dataclass, field

from topics.labs.parallel.controls import Values


@dataclass(frozen=True)
class Preset:
    """A kind of parallelism and the settings that differ from its defaults."""

    id: str
    parallel: str
    values: Values = field(default_factory=dict)


# A profile of a 6.2B model on eight stages (Qi et al. 2023), milliseconds.
_PROFILE: Values = {
    "stages": 8,
    "micro_batches": 24,
    "forward": 29.718,
    "backward_input": 29.444,
    "backward_weight": 19.927,
    "comm": 0.527,
}

PRESETS = {
    preset.id: preset
    for preset in (
        Preset("gpipe", "pp", {"schedule": "gpipe"}),
        Preset("1f1b", "pp"),
        Preset("interleaved", "pp", {"schedule": "interleaved"}),
        Preset("zb-h1", "pp", {"schedule": "zb-h1"}),
        Preset("zb-v", "pp", {"schedule": "zb-v", "micro_batches": 12}),
        Preset("few", "pp", {"schedule": "1f1b", "stages": 8}),
        Preset("slow-stage", "pp", {"micro_batches": 16, "slow_rank": 3}),
        Preset("slow-hops", "pp", {"micro_batches": 16, "comm": 0.5}),
        Preset("profile", "pp", {"schedule": "zb-h1", **_PROFILE}),
        Preset("ddp", "zero"),
        Preset("ddp-no-overlap", "zero", {"overlap": False}),
        Preset("fsdp", "zero", {"zero": 3, "ranks": 64, "params_b": 13.0, "layers": 40}),
        Preset("fsdp-ethernet", "zero", {"zero": 3, "ranks": 16, "inter": "ethernet-100g"}),
        Preset("tp-node", "tp", {"model": "GPT-3 175B", "seq": 2048}),
        Preset("tp-across", "tp", {"model": "GPT-3 175B", "seq": 2048, "ranks": 16}),
        Preset("tp-sp", "tp", {"model": "GPT-3 175B", "seq": 2048, "sequence_parallel": True}),
        Preset("ulysses", "sp", {"seq": 131072}),
        Preset("ring", "sp", {"sp_kind": "ring", "seq": 131072, "model": "Llama 3 8B"}),
        Preset("moe", "ep", {"ranks": 16}),
        Preset("moe-hot", "ep", {"ranks": 16, "imbalance": 2.5}),
        Preset("70b", "plan", {"model": "Llama 3 70B", "dp": 16, "global_batch": 512}),
        Preset("175b", "plan", {"model": "GPT-3 175B", "dp": 8, "pp": 16, "global_batch": 1024}),
        Preset("small", "collective", {"payload_mib": 0.0625, "ranks": 64}),
        Preset("large", "collective", {"ranks": 64}),
    )
}
