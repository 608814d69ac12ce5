"""One question to the laboratory: which model, run how, on what.

`Setting` has a field for everything that can be chosen; "" means "the usual choice", which
`resolved` fills in and checks. The command line, the page and the drills all ask through it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast

from topics.labs.memory.cards import card
from topics.labs.memory.model import ModelConfig
from topics.labs.memory.optimizers import optimizer
from topics.labs.memory.run import Attention
from topics.labs.memory.tape import Device
from topics.labs.memory.units import BITS, dtype_bytes, dtype_name, refuse

Mode = Literal["train", "inference"]
Method = Literal["full", "freeze", "lora", "qlora"]
CHOICES: dict[str, tuple[str, ...]] = {
    "mode": ("train", "inference"),
    "method": ("full", "freeze", "lora", "qlora"),
    "recompute": ("none", "selective", "full"),
    "attention": ("", "eager", "sdpa", "flash"),
    "activations": ("", "fused", "huggingface"),
    "device": ("", "any", "cuda", "cpu"),
    "step": ("", "foreach", "fused"),
}
QUANTISED = ("int8", "fp8", "nf4", "fp4", "int4")


@dataclass(frozen=True)
class Setting:
    """Everything an estimate depends on. Sizes are per data-parallel rank where not said otherwise.

    model: its shape, or None with `params` weights of unknown shape.
    frozen_layers: with method "freeze", how many of the first blocks are frozen with the tables.
    grads, master, optimizer_dtype: "" follows the weights (and the master copy); "none" is no copy.
    main_grads: a second copy of 16-bit gradients in fp32, kept with the optimiser's states, as
    Megatron in fp16 and DeepSpeed have it.
    step: torch.optim's "foreach" Adam writes temporaries, a "fused" one does not; "" is foreach
    for a plain PyTorch loop, and fused where a master copy tells of Apex, DeepSpeed or Megatron.
    compute: dtype of activations; 16 bit with fp32 weights means autocast.
    batch, seq: sequences in one micro-batch and their tokens; in inference concurrent requests and
    tokens of each. accumulate: micro-batches per step.
    activations: "fused" as Megatron's kernels keep them, "huggingface" as autograd keeps them for
    transformers' modules; "" is fused for full training, huggingface where something is frozen.
    padded: does a batch carry padding or packing, so that SDPA gets an explicit mask?
    cp: ranks that each sequence is cut over (context or Ulysses parallel). sp: Megatron's sequence
    parallelism, over the tp ranks. chunks: model chunks per stage (interleaved schedule).
    block: tokens per block of a paged KV cache; 0 stores sequences whole.
    memory: bytes of a card that has no name here. card, price: an accelerator by name, and its
    price per hour (below 0: the one in cards.toml). peak: FLOP/s that replace the card's.
    tokens: how many are trained on (or generated). mfu: share of the card's peak that is reached;
    achieved: the same in FLOP/s per GPU, recomputation included.
    """

    model: ModelConfig | None = None
    params: float = 0.0
    largest_layer: float = 0.0
    mode: str = "train"
    method: str = "full"
    rank: int = 8
    targets: tuple[str, ...] = ("all-linear",)
    lora_dropout: float = 0.0
    adapter_dtype: str = "fp32"
    frozen_layers: int = -1
    double_quant: bool = True
    weights: str = "bf16"
    compute: str = ""
    grads: str = ""
    master: str = ""
    main_grads: bool = False
    optimizer: str = "adam"
    optimizer_dtype: str = ""
    step: str = ""
    batch: int = 1
    seq: int = 0
    accumulate: int = 1
    recompute: str = "none"
    attention: str = ""
    activations: str = ""
    padded: bool = True
    dropout: bool = True
    device: str = ""
    dp: int = 1
    tp: int = 1
    pp: int = 1
    cp: int = 1
    ep: int = 1
    sp: bool = False
    chunks: int = 1
    zero: int = 0
    offload_optimizer: bool = False
    offload_params: bool = False
    kv_dtype: str = "bf16"
    block: int = 0
    memory: float = 0.0
    card: str = ""
    price: float = -1.0
    peak: float = 0.0
    tokens: float = 0.0
    mfu: float = 0.0
    achieved: float = 0.0

    @property
    def gpus(self) -> int:
        return self.dp * self.tp * self.pp * self.cp

    @property
    def lora(self) -> bool:
        return self.mode == "train" and self.method in ("lora", "qlora")

    @property
    def base_dtype(self) -> str:
        """Dtype of the projections' weights: 4-bit under QLoRA."""
        return "nf4" if self.mode == "train" and self.method == "qlora" else self.weights

    @property
    def quantised(self) -> bool:
        return self.base_dtype in QUANTISED

    @property
    def autocast(self) -> bool:
        return self.weights == "fp32" and self.compute in ("bf16", "fp16")

    @property
    def item(self) -> float:
        """Bytes of an activation."""
        return dtype_bytes(self.compute)

    @property
    def run_device(self) -> Device:
        return cast(Device, self.device)

    @property
    def run_attention(self) -> Attention:
        return cast(Attention, self.attention)

    @property
    def in_flight(self) -> int:
        """Micro-batches whose activations the first stage holds under 1F1B."""
        return min(self.pp, self.accumulate) if self.accumulate > 1 else self.pp


def resolved(setting: Setting) -> Setting:
    """The setting with every default filled in. Raises SettingError for one that cannot be."""
    _check_choices(setting)
    filled = _fill_dtypes(setting)
    _check_numbers(filled)
    model = filled.model
    if model is None:
        if filled.params <= 0:
            raise refuse("name a model (a preset or a config.json), or give --params N")
        return replace(filled, seq=filled.seq or 2048)
    filled = replace(filled, params=0.0, seq=filled.seq or min(2048, model.max_seq_len))
    _check_model(filled, model)
    return filled


def _check_choices(setting: Setting) -> None:
    for field, allowed in CHOICES.items():
        value = getattr(setting, field)
        if value not in allowed:
            names = ", ".join(name for name in allowed if name)
            raise refuse(
                "{field} cannot be {value!r}; choose one of {names}",
                field=field,
                value=value,
                names=names,
            )
    optimizer(setting.optimizer)
    if setting.card:
        card(setting.card)


def _fill_dtypes(setting: Setting) -> Setting:
    weights = dtype_name(setting.weights)
    compute = dtype_name(setting.compute) if setting.compute else _compute_dtype(weights)
    if BITS[compute] < 8:
        raise refuse(
            "activations cannot be {compute}; compute in bf16, fp16 or fp32", compute=compute
        )
    adapter = dtype_name(setting.adapter_dtype)
    lora = setting.mode == "train" and setting.method in ("lora", "qlora")
    trained = adapter if lora else (compute if weights in QUANTISED else weights)
    if weights in QUANTISED and setting.mode == "train" and not lora:
        raise refuse(
            "weights in {weights} cannot be trained directly; use --method lora or "
            "qlora, or keep them in bf16 or fp32",
            weights=weights,
        )
    master = _master_dtype(setting.master, trained, lora)
    usual = "huggingface" if setting.method != "full" and setting.mode == "train" else "fused"
    activations = setting.activations or usual
    return replace(
        setting,
        weights=weights,
        compute=compute,
        adapter_dtype=adapter,
        grads=dtype_name(setting.grads) if setting.grads and not lora else trained,
        master=master,
        step=setting.step or ("fused" if master else "foreach"),
        optimizer=optimizer(setting.optimizer).name,
        optimizer_dtype=dtype_name(setting.optimizer_dtype or (master or trained)),
        kv_dtype=dtype_name(setting.kv_dtype),
        activations=activations,
        attention=setting.attention or ("eager" if activations == "fused" else "sdpa"),
        device=setting.device or ("cuda" if setting.card else "any"),
    )


def _compute_dtype(weights: str) -> str:
    return weights if weights in ("fp64", "fp32", "tf32", "bf16", "fp16") else "bf16"


def _master_dtype(asked: str, trained: str, lora: bool) -> str:
    """Empty where no master copy is kept: the weights are wide already, or none was wanted."""
    if asked.lower() in ("none", "no", "0"):
        return ""
    if lora:
        return ""
    wide = dtype_name(asked) if asked else "fp32"
    return wide if trained != wide and BITS[trained] < BITS[wide] else ""


def _check_numbers(s: Setting) -> None:
    for field in ("batch", "accumulate", "dp", "tp", "pp", "cp", "ep", "chunks", "rank"):
        value = getattr(s, field)
        if value < 1:
            raise refuse("{field} must be at least 1, and is {value}", field=field, value=value)
    if s.zero not in (0, 1, 2, 3):
        raise refuse("ZeRO has stages 0 to 3, not {zero}", zero=s.zero)
    if s.seq < 0 or s.block < 0:
        raise refuse("sequence length and block size must not be negative")
    if s.sp and s.tp == 1:
        raise refuse(
            "sequence parallelism works over the tensor-parallel ranks: set --tp above "
            "1 with --sp, or cut sequences with --cp N"
        )
    if s.offload_params and s.zero != 3:
        raise refuse("weights can be offloaded with ZeRO stage 3 only: add --zero 3")
    if s.offload_optimizer and s.zero == 0:
        raise refuse("the optimiser can be offloaded from ZeRO stage 1 on: add --zero 1")
    if s.mfu and not 0 < s.mfu <= 1:
        raise refuse("MFU is a share of the peak, between 0 and 1, not {mfu}", mfu=s.mfu)


def _check_model(s: Setting, model: ModelConfig) -> None:
    depth = model.layers + model.encoder_layers
    if s.pp > depth:
        raise refuse(
            "{depth} layers cannot fill {pp} stages; use at most --pp {depth}", depth=depth, pp=s.pp
        )
    if model.heads % s.tp:
        fit = [t for t in range(1, model.heads + 1) if model.heads % t == 0 and t <= 64]
        raise refuse(
            "{heads} heads cannot be split over {tp} ranks; --tp may be {names}",
            heads=model.heads,
            tp=s.tp,
            names=", ".join(map(str, fit)),
        )
    if model.positions and s.seq > model.positions:
        raise refuse(
            "{name} has {positions} learned positions; --seq {seq} is too long",
            name=model.name,
            positions=model.positions,
            seq=s.seq,
        )
    if s.ep > 1:
        _check_experts(s, model)
    if s.method == "freeze" and s.mode == "train" and s.frozen_layers > model.layers:
        raise refuse(
            "{name} has {layers} layers, not {frozen_layers}",
            name=model.name,
            layers=model.layers,
            frozen_layers=s.frozen_layers,
        )


def _check_experts(s: Setting, model: ModelConfig) -> None:
    if not model.experts:
        raise refuse("{name} has no experts to spread: leave out --ep", name=model.name)
    if model.experts.count % s.ep:
        raise refuse(
            "{count} experts cannot be spread evenly over {ep} ranks",
            count=model.experts.count,
            ep=s.ep,
        )
    ranks = s.dp * s.cp
    if ranks % s.ep:
        raise refuse(
            "expert parallelism lives inside data parallelism: --dp {dp} must be a "
            "multiple of --ep {ep}",
            dp=s.dp,
            ep=s.ep,
        )


def frozen_blocks(s: Setting, model: ModelConfig) -> int:
    """How many of the decoder's first blocks are frozen: by default all but the last two."""
    if s.method != "freeze":
        return 0
    return s.frozen_layers if s.frozen_layers >= 0 else max(model.layers - 2, 0)
