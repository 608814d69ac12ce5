"""The shapes of the models that the lessons calculate with, and how many parameters follow.

Everything else about memory is arithmetic on these few numbers. The memory laboratory handles every
kind of model; here is only what fits on a page of a lesson: decoders of the Llama family.
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.labs.memory.presets import preset


@dataclass(frozen=True)
class ModelShape:
    """A decoder of the Llama family: RMSNorm, SwiGLU, grouped queries, bias only where told."""

    name: str
    n_layers: int
    hidden: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    ffn: int
    vocab: int
    tied: bool = False
    qkv_bias: bool = False

    @property
    def q_dim(self) -> int:
        """Width of all query heads together."""
        return self.n_heads * self.head_dim

    @property
    def kv_dim(self) -> int:
        """Width of all key heads together, and of all value heads."""
        return self.n_kv_heads * self.head_dim

    def linears(self) -> dict[str, tuple[int, int]]:
        """The matrices of one layer by name, each as (d_out, d_in)."""
        return {
            "q_proj": (self.q_dim, self.hidden),
            "k_proj": (self.kv_dim, self.hidden),
            "v_proj": (self.kv_dim, self.hidden),
            "o_proj": (self.hidden, self.q_dim),
            "gate_proj": (self.ffn, self.hidden),
            "up_proj": (self.ffn, self.hidden),
            "down_proj": (self.hidden, self.ffn),
        }

    def linear_parameters(self) -> int:
        """Parameters in the matrices of all layers: what QLoRA stores in 4 bits."""
        per_layer = sum(d_out * d_in for d_out, d_in in self.linears().values())
        return self.n_layers * per_layer

    def other_parameters(self) -> int:
        """Embedding, output head unless tied, norms and biases: what QLoRA keeps in 16 bits."""
        embeddings = self.vocab * self.hidden * (1 if self.tied else 2)
        norms = (2 * self.n_layers + 1) * self.hidden
        biases = self.n_layers * (self.q_dim + 2 * self.kv_dim) if self.qkv_bias else 0
        return embeddings + norms + biases

    def parameters(self) -> int:
        """All parameters, each counted once."""
        return self.linear_parameters() + self.other_parameters()


def from_preset(title: str, preset_name: str) -> ModelShape:
    """A published model from the laboratory's list, under the name the lessons show."""
    config = preset(preset_name)
    return ModelShape(
        title,
        config.layers,
        config.hidden,
        config.heads,
        config.kv_heads,
        config.head_dim,
        config.intermediate,
        config.vocab,
        config.tied,
        config.qkv_bias,
    )


MODELS: dict[str, ModelShape] = {
    title: from_preset(title, title.lower().replace(" ", "-"))
    for title in (
        "Qwen2.5 0.5B",
        "Qwen2.5 1.5B",
        "Qwen2.5 3B",
        "Llama 2 7B",
        "Qwen2.5 7B",
        "Llama 3 8B",
        "Qwen2.5 14B",
        "Qwen2.5 32B",
        "Llama 3 70B",
    )
}
