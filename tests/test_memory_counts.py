"""Parameters against transformers and LoRA against peft, on the meta device: no weights at all."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
import transformers

from topics.labs.memory import SettingError, all_presets, model_from_config, preset
from topics.labs.memory.counts import active_params, lora_params, total_params
from topics.labs.memory.families import FAMILIES
from topics.labs.memory.modules import inventory

transformers.logging.set_verbosity_error()
SMALL: dict[str, Any] = {
    "num_hidden_layers": 3,
    "hidden_size": 96,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "intermediate_size": 200,
    "vocab_size": 1000,
    "pad_token_id": 0,
}
LATENT = {"q_lora_rank": 40, "kv_lora_rank": 24, "qk_rope_head_dim": 8, "qk_nope_head_dim": 12}
EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 72}
SHARED = {**EXPERTS, "n_routed_experts": 4, "n_shared_experts": 2, "first_k_dense_replace": 1}
GPT: dict[str, Any] = {"n_embd": 96, "n_layer": 3, "n_head": 6, "vocab_size": 1000}
CLASSIC = {k: v for k, v in SMALL.items() if k != "num_key_value_heads"}
FALCON = {k: v for k, v in CLASSIC.items() if k != "intermediate_size"}
T5 = {"d_model": 96, "num_heads": 6, "num_layers": 3, "num_decoder_layers": 2, "d_ff": 200}
BART = {"d_model": 96, "encoder_layers": 3, "decoder_layers": 2, "vocab_size": 1000}
BART_HEADS = {"encoder_attention_heads": 6, "decoder_attention_heads": 6}
BART_WIDTH = {"encoder_ffn_dim": 200, "decoder_ffn_dim": 200, "max_position_embeddings": 64}
# Every family with a class in transformers; some more than once, with their own switches thrown.
SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("gpt2", GPT),
    ("gpt2", {**GPT, "n_inner": 250, "n_positions": 77, "tie_word_embeddings": False}),
    ("gpt_neo", {"hidden_size": 96, "num_layers": 4, "num_heads": 6, "vocab_size": 1000,
                 "attention_types": [[["global", "local"], 2]]}),
    ("gptj", {**GPT, "rotary_dim": 8}),
    ("gpt_neox", CLASSIC),
    ("gpt_neox", {**CLASSIC, "attention_bias": False, "use_parallel_residual": False}),
    ("opt", {**CLASSIC, "ffn_dim": 200, "word_embed_proj_dim": 96}),
    ("opt", {**CLASSIC, "ffn_dim": 200, "word_embed_proj_dim": 40, "do_layer_norm_before": False}),
    ("bloom", {"hidden_size": 96, "n_layer": 3, "n_head": 6, "vocab_size": 1000}),
    ("falcon", FALCON),
    ("falcon", {**FALCON, "new_decoder_architecture": True, "num_kv_heads": 2}),
    ("falcon", {**FALCON, "multi_query": False, "parallel_attn": False, "bias": True}),
    ("mpt", {"d_model": 96, "n_layers": 3, "n_heads": 6, "vocab_size": 1000}),
    ("phi", CLASSIC),
    ("starcoder2", SMALL),
    ("llama", SMALL),
    ("llama", {**SMALL, "attention_bias": True, "mlp_bias": True, "head_dim": 40}),
    ("llama", {**SMALL, "tie_word_embeddings": True}),
    ("mistral", SMALL),
    ("qwen2", SMALL),
    ("qwen3", {**SMALL, "head_dim": 40}),
    ("gemma", {**SMALL, "head_dim": 40}),
    ("gemma2", {**SMALL, "head_dim": 40}),
    ("gemma3_text", {**SMALL, "head_dim": 40}),
    ("phi3", SMALL),
    ("glm", {**SMALL, "head_dim": 16}),
    ("glm4", {**SMALL, "head_dim": 16}),
    ("stablelm", SMALL),
    ("stablelm", {**SMALL, "use_qkv_bias": True, "use_parallel_residual": True}),
    ("cohere", SMALL),
    ("cohere", {**SMALL, "use_qk_norm": True}),
    ("cohere2", SMALL),
    ("olmo", SMALL),
    ("olmo2", SMALL),
    ("olmo3", SMALL),
    ("granite", SMALL),
    ("smollm3", SMALL),
    ("ernie4_5", {**SMALL, "head_dim": 16, "use_bias": True}),
    ("bert", CLASSIC),
    ("roberta", CLASSIC),
    ("xlm-roberta", CLASSIC),
    ("distilbert", {"dim": 96, "n_layers": 3, "n_heads": 6, "hidden_dim": 200}),
    ("t5", T5),
    ("t5", {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}),
    ("mt5", {**T5, "d_kv": 20}),
    ("bart", {**BART, **BART_HEADS, **BART_WIDTH}),
    ("mixtral", {**SMALL, "num_local_experts": 4}),
    ("phimoe", {**SMALL, "num_local_experts": 4, "attention_bias": True, "lm_head_bias": True}),
    ("qwen2_moe", {**SMALL, **EXPERTS, "num_experts": 4, "shared_expert_intermediate_size": 88}),
    ("qwen2_moe", {**SMALL, **EXPERTS, "num_experts": 4, "decoder_sparse_step": 2}),
    ("qwen3_moe", {**SMALL, **EXPERTS, "num_experts": 4, "mlp_only_layers": [1]}),
    ("olmoe", {**SMALL, "num_experts": 4, "num_experts_per_tok": 2}),
    ("glm4_moe", {**SMALL, **SHARED, "head_dim": 16, "use_qk_norm": True}),
    ("deepseek_v2", {**SMALL, **SHARED, **LATENT, "v_head_dim": 20}),
    ("deepseek_v2", {**SMALL, **SHARED, **LATENT, "v_head_dim": 20, "q_lora_rank": None}),
    ("deepseek_v3", {**SMALL, **SHARED, **LATENT, "v_head_dim": 20, "n_group": 1}),
    ("llama4_text", {**SMALL, "num_local_experts": 4, "intermediate_size_mlp": 300}),
    ("llama4_text", {**SMALL, "num_local_experts": 4, "interleave_moe_layer_step": 2}),
    ("gpt_oss", {**SMALL, "num_local_experts": 4, "num_experts_per_tok": 2, "head_dim": 16}),
]  # fmt: skip
ONLY_REMOTE = {"qwen", "baichuan", "internlm", "internlm2", "chatglm", "deepseek"}
MASKED = {"bert", "roberta", "xlm-roberta", "distilbert"}
SEQ2SEQ = {"t5", "mt5", "bart"}


def on_meta(family: str, sizes: dict[str, Any], auto: Any = None) -> torch.nn.Module:
    config = transformers.AutoConfig.for_model(family, **sizes)
    if auto is None:
        auto = transformers.AutoModelForCausalLM
        auto = transformers.AutoModelForMaskedLM if family in MASKED else auto
        auto = transformers.AutoModelForSeq2SeqLM if family in SEQ2SEQ else auto
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return auto.from_config(config)


def config_of(model: torch.nn.Module) -> dict[str, Any]:
    return {**model.config.to_dict(), "architectures": [type(model).__name__]}


@pytest.mark.parametrize(("family", "sizes"), SHAPES, ids=[f for f, _ in SHAPES])
def test_counts_every_parameter_that_transformers_makes(family: str, sizes: dict[str, Any]):
    model = on_meta(family, sizes)
    ours = total_params(model_from_config(config_of(model)))
    assert ours == sum(p.numel() for p in model.parameters())


def test_no_family_with_a_class_in_transformers_is_left_uncompared():
    assert set(FAMILIES) - {family for family, _ in SHAPES} == ONLY_REMOTE


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_a_bare_encoder_counts_its_pooler_and_no_head(family: str):
    sizes = dict(SHAPES)[family]
    model = on_meta(family, sizes, transformers.AutoModel)
    ours = total_params(model_from_config(config_of(model)))
    assert ours == sum(p.numel() for p in model.parameters())


def test_module_shapes_are_those_of_the_real_model():
    model = on_meta("qwen2", SMALL)
    real = {n.removeprefix("model.layers.0."): tuple(p.shape) for n, p in model.named_parameters()}
    layer = inventory(model_from_config(config_of(model))).layers[0]
    for module in layer.modules:
        if module.linear:
            assert real[f"{module.name}.weight"] == module.shape
            assert real.get(f"{module.name}.bias", (0,)) == (module.bias,)


@pytest.mark.parametrize("name", all_presets())
def test_a_preset_has_the_size_that_its_source_prints(name: str):
    printed = str(all_presets()[name].published)
    digits = len(printed.partition(".")[2])
    rounding = max(0.5 * 10**-digits, 0.006 * float(printed))
    assert total_params(preset(name)) / 1e9 == pytest.approx(float(printed), abs=rounding)


@pytest.mark.parametrize(
    ("name", "millions"),
    [("mixtral-8x22b", 39_000), ("qwen3-235b-a22b", 22_000), ("gpt-oss-120b", 5_700)],
)
def test_active_parameters_leave_out_idle_experts(name: str, millions: int):
    assert active_params(preset(name)) / 1e6 == pytest.approx(millions, rel=0.03)


LORA = [
    ("llama", SMALL, "all-linear"),
    ("llama", SMALL, ["q_proj", "v_proj"]),
    ("llama", SMALL, ["down_proj", "lm_head"]),
    ("gpt2", GPT, ["c_attn"]),
    ("gpt2", GPT, ["c_proj"]),
    ("gpt2", GPT, "all-linear"),
    ("gpt_neox", CLASSIC, "all-linear"),
    ("bloom", dict(SHAPES)["bloom"], ["query_key_value", "dense"]),
    ("bert", CLASSIC, ["query", "value"]),
    ("t5", T5, ["q", "v"]),
    ("phi3", SMALL, "all-linear"),
    ("qwen3_moe", {**SMALL, **EXPERTS, "num_experts": 4}, "all-linear"),
    ("qwen2_moe", dict(SHAPES)["qwen2_moe"], "all-linear"),
    ("deepseek_v3", dict(SHAPES)["deepseek_v3"], "all-linear"),
    ("mixtral", dict(SHAPES)["mixtral"], "all-linear"),
    ("olmoe", dict(SHAPES)["olmoe"], "all-linear"),
    ("glm4_moe", dict(SHAPES)["glm4_moe"], "all-linear"),
    ("phimoe", dict(SHAPES)["phimoe"], "all-linear"),
    ("gpt_oss", dict(SHAPES)["gpt_oss"], "all-linear"),
    (
        "qwen2_moe",
        {**SMALL, **EXPERTS, "num_experts": 4, "shared_expert_intermediate_size": 88},
        "all-linear",
    ),
]


@pytest.mark.parametrize(("family", "sizes", "targets"), LORA)
def test_counts_the_adapters_that_peft_makes(family: str, sizes: dict[str, Any], targets: Any):
    import peft

    model = on_meta(family, sizes)
    ours = model_from_config(config_of(model))
    names = (targets,) if isinstance(targets, str) else tuple(targets)
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted = peft.get_peft_model(model, peft.LoraConfig(r=4, target_modules=targets))
    assert lora_params(ours, 4, names) == adapted.get_nb_trainable_parameters()[0]


def test_a_role_on_a_fused_matrix_adapts_its_slice_as_the_lora_paper_does():
    model = model_from_config({"model_type": "gpt2", **GPT})
    assert lora_params(model, 2, ("q", "v")) == 3 * 2 * (2 * (96 + 96))
    assert lora_params(model, 2, ("c_attn",)) == 3 * 2 * (96 + 3 * 96)


def test_a_target_that_matches_nothing_is_named_with_what_there_is():
    with pytest.raises(SettingError, match=r"no module is called 'query_states'.*q_proj"):
        lora_params(preset("llama-2-7b"), 8, ("query_states",))


def test_an_unknown_family_is_refused_with_the_known_ones():
    with pytest.raises(SettingError, match=r"unknown model family 'nonesuch'.*llama"):
        model_from_config({"model_type": "nonesuch"})


def test_a_missing_size_is_named_under_all_its_names():
    with pytest.raises(SettingError, match=r"num_attention_heads.*n_head"):
        model_from_config({"model_type": "llama", "num_hidden_layers": 2, "vocab_size": 10})


SPELLINGS = {
    "Qwen/Qwen2.5-7B-Instruct": "qwen2.5-7b",
    "qwen2.5_7b": "qwen2.5-7b",
    "QWEN2.5-7B": "qwen2.5-7b",
    "Qwen/Qwen2.5-Coder-7B-Instruct": "qwen2.5-7b",
    "llama 2 7b": "llama-2-7b",
    "meta-llama/Llama-2-7b-chat-hf": "llama-2-7b",
    "mistralai/Mixtral-8x7B-Instruct-v0.1": "mixtral-8x7b",
    "mistralai/Mistral-7B-Instruct-v0.3": "mistral-7b-v0.3",
    "mistralai/Mistral-7B-Instruct-v0.2": "mistral-7b",
    "mistralai/Mistral-Nemo-Instruct-2407": "mistral-nemo-12b",
    "Qwen/Qwen3-30B-A3B-Instruct-2507": "qwen3-30b-a3b",
    "allenai/OLMo-2-1124-7B": "olmo-2-7b",
    "microsoft/phi-1_5": "phi-1.5",
    "stabilityai/stablelm-2-1_6b": "stablelm-2-1.6b",
    "unsloth/llama-3-8b-bnb-4bit": "llama-3-8b",
    "google-bert/bert-base-cased": "bert-base-cased",
    "google/flan-t5-base": "flan-t5-base",
}


@pytest.mark.parametrize(("spelling", "name"), SPELLINGS.items())
def test_a_preset_is_found_however_it_is_spelled(spelling: str, name: str):
    assert preset(spelling).name == name


def test_a_hand_written_dictionary_may_say_outright_what_its_family_does_not():
    sizes = {"hidden": 64, "layers": 2, "heads": 4, "ffn": 160, "vocab": 100}
    plain = total_params(model_from_config({"arch": "llama", **sizes}))
    biased = total_params(model_from_config({"arch": "llama", **sizes, "qkv_bias": True}))
    normed = total_params(model_from_config({"arch": "llama", **sizes, "qk_norm": True}))
    ungated = total_params(model_from_config({"arch": "llama", **sizes, "mlp": "gelu"}))
    assert biased - plain == 2 * 3 * 64
    assert normed - plain == 2 * 2 * 16
    assert plain - ungated == 2 * 64 * 160
