"""The shapes of well-known open models, and how many parameters follow from a shape.

Everything else about memory is arithmetic on these few numbers, so they are data, not downloads.
Source: the published `config.json` of each model; the totals are tested against `transformers`.
"""

from __future__ import annotations

from dataclasses import dataclass


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


def _qwen(name: str, *shape: int, tied: bool = False) -> ModelShape:
    n_layers, hidden, n_heads, n_kv_heads, ffn, vocab = shape
    head_dim = hidden // n_heads
    return ModelShape(
        name, n_layers, hidden, n_heads, n_kv_heads, head_dim, ffn, vocab, tied, qkv_bias=True
    )


MODELS: dict[str, ModelShape] = {
    model.name: model
    for model in (
        _qwen("Qwen2.5 0.5B", 24, 896, 14, 2, 4864, 151936, tied=True),
        _qwen("Qwen2.5 1.5B", 28, 1536, 12, 2, 8960, 151936, tied=True),
        _qwen("Qwen2.5 3B", 36, 2048, 16, 2, 11008, 151936, tied=True),
        ModelShape("Llama 2 7B", 32, 4096, 32, 32, 128, 11008, 32000),
        _qwen("Qwen2.5 7B", 28, 3584, 28, 4, 18944, 152064),
        ModelShape("Llama 3 8B", 32, 4096, 32, 8, 128, 14336, 128256),
        _qwen("Qwen2.5 14B", 48, 5120, 40, 8, 13824, 152064),
        _qwen("Qwen2.5 32B", 64, 5120, 40, 8, 27648, 152064),
        ModelShape("Llama 3 70B", 80, 8192, 64, 8, 128, 28672, 128256),
    )
}
