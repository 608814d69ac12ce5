"""A model's shape: everything that its parameters, FLOPs, cache and activations depend on.

`ModelConfig` is the one description that the rest of the laboratory reads. It is made from a
transformers-style dictionary by `families.model_from_config`, from a preset by `presets.preset`, or
by hand. Two models with equal fields cost the same, whatever they are called.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Norm = Literal["rms", "layer", "layer_no_bias", "none"]
Head = Literal["lm", "mlm", "none"]


@dataclass(frozen=True)
class Experts:
    """A mixture of experts: `count` feed-forward networks of which `top_k` see each token."""

    count: int
    top_k: int
    intermediate: int  # width of one expert
    shared_intermediate: int = 0  # width of the part every token passes (shared experts together)
    shared_gate: bool = False  # Qwen2-MoE scales its shared expert with a gate of its own
    router_bias: bool = False
    expert_bias: bool = False
    dense_layers: int = 0  # layers that keep an ordinary feed-forward network


@dataclass(frozen=True)
class Latent:
    """Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1)."""

    kv_rank: int  # width of the compressed key and value that is cached
    q_rank: int  # width of the compressed query; 0 means a plain query projection
    nope_dim: int  # per head, the part of query and key without position
    rope_dim: int  # the rotary part; one key of this width serves all heads
    v_dim: int  # per head

    @property
    def qk_dim(self) -> int:
        return self.nope_dim + self.rope_dim


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of a transformer. Widths are numbers of features, `layers` counts blocks.

    For an encoder-decoder `layers` counts the decoder's blocks and `encoder_layers` the encoder's.
    """

    name: str
    family: str  # model_type in transformers
    block: str  # which block's code runs; see hf_blocks.BLOCKS
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    positions: int = 0  # rows of the learned position table
    max_seq_len: int = 2048
    norm: Norm = "rms"
    block_norms: int = 2
    final_norm: bool = True
    embedding_norm: bool = False
    gated: bool = True
    activation: str = "silu"
    qkv_bias: bool = False
    o_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    fused_qkv: bool = False  # one matrix for query, key and value
    fused_gate_up: bool = False
    qk_norm: Literal["none", "head", "hidden"] = "none"
    parallel: bool = False  # attention and feed-forward both read the block's input
    tied: bool = False
    head: Head = "lm"
    pooler: bool = False
    window: int = 0  # sliding window, in tokens; 0 means full attention
    window_layers: int = 0  # how many layers use it
    softcap: bool = False
    sinks: bool = False  # one learned scalar per head (gpt-oss)
    experts: Experts | None = None
    latent: Latent | None = None
    embedding_dim: int = 0  # width of the token table where it differs from `hidden`
    token_types: int = 0
    encoder_layers: int = 0
    relative_buckets: int = 0
    attention_dropout: float = 0.0
    hidden_dropout: float = 0.0
    embedding_dropout: float = 0.0

    @property
    def rotary(self) -> bool:
        return self.block in ("llama", "gemma", "neox", "falcon", "phi", "gptj", "latent")

    @property
    def causal(self) -> bool:
        return self.block not in ("bert", "distilbert")

    @property
    def q_width(self) -> int:
        """Features of all query heads together."""
        return self.heads * (self.latent.qk_dim if self.latent else self.head_dim)

    @property
    def kv_width(self) -> int:
        """Features of all key heads together, as attention sees them."""
        return self.q_width if self.latent else self.kv_heads * self.head_dim

    @property
    def v_width(self) -> int:
        """Features of all heads' outputs together: what the output projection reads."""
        return self.heads * (self.latent.v_dim if self.latent else self.head_dim)

    @property
    def token_width(self) -> int:
        """Width of a row of the token table."""
        return self.embedding_dim or self.hidden

    @property
    def moe_layers(self) -> int:
        return max(self.layers - self.experts.dense_layers, 0) if self.experts else 0

    @property
    def dense_layers(self) -> int:
        return self.layers - self.moe_layers

    def with_name(self, name: str) -> ModelConfig:
        return replace(self, name=name)
