"""How many parameters: in total, per token, outside the tables, and in LoRA adapters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from topics.labs.memory.model import ModelConfig
from topics.labs.memory.modules import Inventory, Module, inventory
from topics.labs.memory.units import refuse

ALL_LINEAR = "all-linear"
ROLES = {
    "q": "q",
    "query": "q",
    "k": "k",
    "key": "k",
    "v": "v",
    "value": "v",
    "o": "o",
    "out": "o",
    "gate": "gate",
    "up": "up",
    "down": "down",
}
GROUPS = {
    "attention": ("q", "k", "v", "qkv", "o", "q_a", "q_b", "kv_a", "kv_b"),
    "mlp": ("gate", "up", "gate_up", "down"),
}


@dataclass(frozen=True)
class Adapter:
    """A LoRA pair on one projection: A is (rank, d_in), B is (d_out, rank)."""

    module: Module
    d_in: int
    d_out: int
    rank: int

    @property
    def params(self) -> int:
        """rank * (d_in + d_out) (LoRA, arXiv 2106.09685, section 4.1)."""
        return self.rank * (self.d_in + self.d_out) * self.module.copies


def total_params(model: ModelConfig) -> int:
    """Every weight of the model, tables that are tied counted once."""
    return inventory(model).params


def active_params(model: ModelConfig) -> int:
    """Weights that one token passes: all but the experts that it is not sent to."""
    experts = model.experts
    if not experts:
        return total_params(model)
    one = sum(m.params // m.copies for m in _modules(inventory(model), "moe") if m.copies > 1)
    return total_params(model) - model.moe_layers * (experts.count - experts.top_k) * one


def table_params(model: ModelConfig) -> int:
    """The token table and the output head (once where they are tied)."""
    found = inventory(model)
    return sum(m.params for m in found.front + found.back if m.role in ("embedding", "head"))


def non_embedding_params(model: ModelConfig) -> int:
    """What model cards call non-embedding parameters: all but the token table and the head."""
    return total_params(model) - table_params(model)


def _modules(found: Inventory, kind: str) -> tuple[Module, ...]:
    return next((layer.modules for layer in found.layers if layer.kind == kind), ())


@lru_cache(maxsize=1024)
def adapters(
    modules: tuple[Module, ...], targets: tuple[str, ...], rank: int
) -> tuple[Adapter, ...]:
    """The adapters that `targets` put on these modules.

    "all-linear" means to peft every nn.Linear but the output head (with a mixture of experts see
    `modules.STACKED`); other targets are names of
    modules ("q_proj", "self_attn.q_proj"), or roles ("q", "v", "attention", "mlp"). Where query,
    key and value are one matrix, the role "q" adapts the rows of the query alone, as the LoRA paper
    does for GPT-3.
    """
    return tuple(a for module in modules for a in _on_module(module, targets, rank))


def _on_module(module: Module, targets: Sequence[str], rank: int) -> list[Adapter]:
    if module.role == "head" and "lm_head" not in targets:
        return []
    if len(module.shape) != 2:
        return []
    d_out, d_in = module.shape
    for target in targets:
        if target == ALL_LINEAR and module.all_linear_ranks:
            return [Adapter(module, d_in, d_out, rank * module.all_linear_ranks)]
        if _named(module, target):
            return [Adapter(module, d_in, d_out, rank)]
    if module.role == "qkv":
        return _slices(module, targets, rank)
    return []


def _named(module: Module, target: str) -> bool:
    if module.name == target or module.name.endswith("." + target):
        return True
    role = ROLES.get(target, target)
    return module.linear and (module.role == role or module.role in GROUPS.get(target, ()))


def _slices(module: Module, targets: Sequence[str], rank: int) -> list[Adapter]:
    rows, d_in = module.shape
    wanted = {ROLES[t] for t in targets if t in ROLES} & {"q", "k", "v"}
    kv = module.kv_rows
    sizes = {"q": rows - 2 * kv, "k": kv, "v": kv}
    return [Adapter(module, d_in, sizes[role], rank) for role in sorted(wanted)]


@lru_cache(maxsize=256)
def lora_params(model: ModelConfig, rank: int, targets: tuple[str, ...] = (ALL_LINEAR,)) -> int:
    """Trainable parameters of LoRA on the model; what `print_trainable_parameters` prints.

    Raises SettingError where a target matches nothing.
    """
    found = inventory(model)
    for target in targets:
        everything = tuple(m for layer in found.layers for m in layer.modules)
        if not adapters(everything + found.front + found.back, (target,), rank):
            names = sorted({m.name.rsplit(".", 1)[-1] for m in everything if m.linear})
            raise refuse(
                "no module is called {target!r} in {name}; it has {names}. Or write "
                "all-linear, attention, mlp, or a role: q, k, v, o, gate, up, down",
                target=target,
                name=model.name,
                names=", ".join(names),
            )
    outside_params = sum(a.params for a in adapters(found.front + found.back, targets, rank))
    return outside_params + sum(
        layer.count * sum(a.params for a in adapters(layer.modules, targets, rank))
        for layer in found.layers
    )
