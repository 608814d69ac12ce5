"""The parts that Hugging Face blocks are made of, played on a tape.

Each method follows the module of the same purpose in transformers 5 line by line: where it casts to
fp32, where it copies, what it leaves for autograd to keep. The tests compare every family's block
with the model itself.
"""

from __future__ import annotations

from topics.labs.memory.model import ModelConfig
from topics.labs.memory.run import Run
from topics.labs.memory.tape import Tape, Value


class Parts:
    """One block of `model` under `run`, on a tape of its own.

    `grad` says whether the block's input needs a gradient: with frozen tables in front of frozen
    weights it does not, and the first LoRA block keeps less than the others.
    """

    def __init__(self, model: ModelConfig, run: Run, *, seq: int = 0) -> None:
        self.model = model
        self.run = run
        self.tape = Tape(run.item, run.device, run.autocast)
        self.batch = run.batch
        self.seq = seq or run.seq
        self.tokens = float(self.batch * self.seq)
        self.outer = self.tokens / (run.tp if run.sp else 1)  # tokens outside the split parts
        self.heads = model.heads / run.tp
        self.kv_heads = max(model.kv_heads / run.tp, 1.0)
        self.adapters = dict(run.adapters)
        self.shared: tuple[Value, ...] = ()

    def input(self, grad: bool = True) -> Value:
        """The residual stream that enters the block; fp32 under autocast."""
        item = 4.0 if self.run.autocast else self.run.item
        return self.tape.new(self.outer * self.model.hidden, item, grad)

    # norms

    def norm(self, x: Value, width: float = 0.0) -> Value:
        """The family's own norm over the last dimension (`width`, or the hidden size)."""
        width = width or self.model.hidden
        if self.model.norm == "none":
            return self.tape.cast(self.layer_norm(self.tape.cast(x, 4.0), width, False), x.item)
        if self.model.norm == "layer_no_bias" and self.model.family.startswith("cohere"):
            return self._cohere_norm(x, width)
        if self.model.norm.startswith("layer"):
            return self.layer_norm(x, width)
        if self.model.block == "t5":
            return self._rms(x, width, narrow=True)
        if self.model.block == "gemma":
            return self._rms(x, width, cast_last=True, shift=True)
        if self.model.family in ("olmo2", "olmo3", "gpt_oss"):
            return self._rms(x, width, cast_last=True)
        return self._rms(x, width)

    def layer_norm(self, x: Value, width: float = 0.0, train: bool | None = None) -> Value:
        """nn.LayerNorm keeps its input, and mean and inverse deviation per token."""
        width = width or self.model.hidden
        train = self.run.train_base if train is None else train
        item = 4.0 if self.run.autocast else x.item
        x = self.tape.cast(x, item)
        rows = x.elements / width
        stats = self.tape.new(2 * rows, 4.0 if self.run.device == "cuda" else x.item, grad=False)
        out = self.tape.new(x.elements, x.item, x.grad or train)
        grads = 2 * width * x.item if train else 0.0
        self.tape.record((x,), (out,), (x, stats), param_grads=grads)
        return out

    def _rms(
        self,
        x: Value,
        width: float,
        cast_last: bool = False,
        shift: bool = False,
        narrow: bool = False,
    ) -> Value:
        """RMSNorm as Python writes it: to fp32, square, mean, rsqrt, multiply, times the weight.

        Families differ in where they cast back (`cast_last`: after the weight), in whether the
        weight is 1 + w (`shift`), and in whether the input itself is scaled or its fp32 copy
        (`narrow`: T5 scales the input).
        """
        tape, item, train = self.tape, x.item, self.run.train_base
        rows = x.elements / width
        wide = tape.cast(x, 4.0)
        square = tape.power(wide)
        mean = tape.copy(square, rows)
        scale = tape.keep_result(mean)
        y = tape.multiply(x if narrow else wide, scale)
        if not cast_last:
            y = tape.cast(y, item)
        weight = tape.new(width, 4.0, grad=False) if shift else None
        out = tape.new(y.elements, y.item, y.grad or train)
        grads = width * item if train else 0.0
        keeps_weight = weight if y.grad else None
        kept = (y if train else None, keeps_weight)
        tape.record((y,), (out,), kept, param_grads=grads, workspace=y.bytes if train else 0.0)
        return tape.cast(out, item)

    def _cohere_norm(self, x: Value, width: float) -> Value:
        tape, train = self.tape, self.run.train_base
        rows = x.elements / width
        wide = tape.cast(x, 4.0)
        centred = tape.copy(wide)
        again = tape.copy(wide)
        mean = tape.copy(tape.power(again), rows)
        y = tape.multiply(centred, tape.keep_result(mean))
        weight = tape.new(width, 4.0, grad=False)
        out = tape.new(y.elements, 4.0, y.grad or train)
        tape.record((y,), (out,), (y if train else None, weight), param_grads=width * x.item)
        return tape.cast(out, x.item)

    # projections

    def linear(self, x: Value, d_in: float, d_out: float, role: str, bias: bool = False) -> Value:
        """A projection with its LoRA adapter if it has one (peft's Linear.forward)."""
        run, tape = self.run, self.tape
        rows = self.tokens if role not in ("o", "down", "") else x.elements / d_in
        size = d_in * d_out
        out = tape.linear(
            x,
            rows * d_out,
            weight=size,
            bias=d_out if bias else 0.0,
            trainable=run.train_base,
            workspace=size * run.item if run.quantised else 0.0,
        )
        rank = self.adapters.get(role, 0)
        if not rank:
            return out
        item = out.item
        down = tape.dropout(tape.cast(x, run.adapter_item), run.lora_dropout)
        low = tape.linear(down, rows * rank, weight=d_in * rank, item=run.adapter_item)
        up = tape.linear(low, rows * d_out, weight=rank * d_out, item=run.adapter_item)
        return tape.cast(tape.add(out, tape.scale(up)), item)

    def qkv(self, x: Value) -> tuple[Value, Value, Value]:
        """Query, key and value: three projections, or slices of one."""
        model = self.model
        q = self.heads * model.head_dim
        kv = self.kv_heads * model.head_dim
        if model.fused_qkv:
            both = self.linear(x, model.hidden, q + 2 * kv, "qkv", model.qkv_bias)
            parts = self.tape.split(both, self.tokens * q, self.tokens * kv, self.tokens * kv)
            return parts[0], parts[1], parts[2]
        return (
            self.linear(x, model.hidden, q, "q", model.qkv_bias),
            self.linear(x, model.hidden, kv, "k", model.qkv_bias),
            self.linear(x, model.hidden, kv, "v", model.qkv_bias),
        )

    def rotate(self, x: Value) -> Value:
        """Rotary position: two products with tables that need no gradient, and their sum."""
        tape = self.tape
        return tape.add(tape.copy(x), tape.copy(tape.copy(x)))

    def output(self, x: Value, width: float = 0.0) -> Value:
        model = self.model
        width = width or self.heads * model.head_dim
        return self.project_back(x, width, "o", model.o_bias)

    def project_back(self, x: Value, width: float, role: str, bias: bool) -> Value:
        """Back to the residual width; with sequence parallelism each rank keeps its tokens."""
        out = self.linear(x, width, self.model.hidden, role, bias)
        if self.run.sp and self.run.tp > 1:
            return self.tape.copy(out, self.outer * self.model.hidden)
        return out

    def residual_dropout(self, x: Value) -> Value:
        return self.tape.dropout(x, self.model.hidden_dropout if self.run.dropout else 0.0)

    # feed-forward

    def mlp(self, x: Value, width: float = 0.0, role: str = "") -> Value:
        """Gated (three matrices) or plain (two), with the family's activation."""
        model, tape = self.model, self.tape
        width = (width or model.intermediate) / self.run.tp
        bias = model.mlp_bias
        if model.gated and model.fused_gate_up:
            both = self.linear(x, model.hidden, 2 * width, role + "gate_up", bias)
            gate, up = tape.split(both, self.tokens * width, self.tokens * width)
            inner = tape.multiply(self.activation(gate), up)
        elif model.gated:
            gate = self.activation(self.linear(x, model.hidden, width, role + "gate", bias))
            inner = tape.multiply(gate, self.linear(x, model.hidden, width, role + "up", bias))
        else:
            inner = self.activation(self.linear(x, model.hidden, width, role + "up", bias))
        return self.project_back(inner, width, role + "down", bias)

    def activation(self, x: Value) -> Value:
        """relu keeps its result, silu and the built-in gelu their input, gelu_new five tensors."""
        name, tape = self.model.activation, self.tape
        if name == "relu":
            return tape.keep_result(x)
        if name not in ("gelu_new", "gelu_fast"):
            return tape.keep_input(x)
        wide = self.run.autocast and self.run.device == "cuda"  # its autocast runs pow in fp32
        cubed = tape.power(tape.cast(x, 4.0) if wide else x)
        half = tape.scale(x)
        inner = tape.scale(tape.add(x, tape.scale(cubed)))
        one_more = tape.scale(tape.keep_result(inner))
        return tape.multiply(half, one_more)
