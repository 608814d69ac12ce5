"""What each family calls its projections in transformers, so that LoRA targets can be named."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Names:
    """The path of each projection inside a block."""

    attention: str = "self_attn."
    q: str = "q_proj"
    k: str = "k_proj"
    v: str = "v_proj"
    o: str = "o_proj"
    qkv: str = "qkv_proj"
    mlp: str = "mlp."
    gate: str = "gate_proj"
    up: str = "up_proj"
    down: str = "down_proj"
    gate_up: str = "gate_up_proj"
    shared: str = "mlp.shared_experts."
    cross: str = "encoder_attn."


LLAMA = Names()
GPT2 = Names("attn.", qkv="c_attn", o="c_proj", up="c_fc", down="c_proj")
NEOX = Names(
    "attention.", qkv="query_key_value", o="dense", up="dense_h_to_4h", down="dense_4h_to_h"
)
BLOOM = replace(NEOX, attention="self_attention.")
OPT = Names(o="out_proj", mlp="", up="fc1", down="fc2")
BERT = Names(
    "attention.",
    q="self.query",
    k="self.key",
    v="self.value",
    o="output.dense",
    mlp="",
    up="intermediate.dense",
    down="output.dense",
)
T5 = Names(
    "SelfAttention.",
    "q",
    "k",
    "v",
    "o",
    mlp="DenseReluDense.",
    gate="wi_0",
    up="wi_1",
    down="wo",
    cross="EncDecAttention.",
)
BY_FAMILY: dict[str, Names] = {
    "gpt2": GPT2,
    "gpt_neo": Names("attn.attention.", o="out_proj", up="c_fc", down="c_proj"),
    "gptj": Names("attn.", o="out_proj", up="fc_in", down="fc_out"),
    "gpt_neox": NEOX,
    "bloom": BLOOM,
    "falcon": BLOOM,
    "chatglm": replace(BLOOM, gate_up="dense_h_to_4h"),
    "mpt": Names("attn.", qkv="Wqkv", o="out_proj", mlp="ffn."),
    "opt": OPT,
    "bart": OPT,
    "phi": Names(o="dense", up="fc1", down="fc2"),
    "starcoder2": Names(up="c_fc", down="c_proj"),
    "baichuan": Names(qkv="W_pack"),
    "internlm2": Names(
        "attention.", qkv="wqkv", o="wo", mlp="feed_forward.", gate="w1", up="w3", down="w2"
    ),
    "qwen": Names("attn.", qkv="c_attn", o="c_proj", gate="w2", up="w1", down="c_proj"),
    "qwen2_moe": Names(shared="mlp.shared_expert."),
    "bert": BERT,
    "roberta": BERT,
    "xlm-roberta": BERT,
    "electra": BERT,
    "distilbert": Names(
        "attention.", "q_lin", "k_lin", "v_lin", "out_lin", mlp="ffn.", up="lin1", down="lin2"
    ),
    "t5": T5,
    "mt5": T5,
}


def names_of(family: str) -> Names:
    """The family's own names, or Llama's where it has none of its own."""
    return BY_FAMILY.get(family, LLAMA)
