"""Autograd without numbers: which tensors a block's forward pass keeps for backward.

A `Tape` records operations on values that have a size but no content. Every operation saves what
PyTorch's own formula for it saves (torch/tools/autograd/derivatives.yaml), and only if something
that needs a gradient depends on it: a frozen weight does not keep its input. Several saved tensors
may share one storage, and a storage counts once; so `saved_bytes` is what autograd really holds.
`backward_peak` then plays the recorded operations backwards and follows gradients and saved
storages until each is freed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Device = Literal["any", "cuda", "cpu"]


@dataclass(slots=True, eq=False)  # never changed; frozen would be three times slower
class Value:
    """A tensor: its elements, the bytes of each, its storage, and whether it needs a gradient."""

    storage: int
    elements: float
    item: float
    grad: bool

    @property
    def bytes(self) -> float:
        return self.elements * self.item


@dataclass(slots=True, eq=False)
class Node:
    """One operation. `alias` means that its backward hands on the gradient it was given."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    saved: tuple[int, ...]
    param_grads: float = 0.0
    alias: bool = False
    workspace: float = 0.0


@dataclass
class Tape:
    """Records operations; `item` is the bytes of an activation, `device` whose kernels run."""

    item: float = 2.0
    device: Device = "cuda"
    autocast: bool = False  # weights in fp32, matrix products in 16 bit
    sizes: list[float] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)

    # values

    def new(self, elements: float, item: float | None = None, grad: bool = True) -> Value:
        """A tensor in a storage of its own."""
        item = self.item if item is None else item
        self.sizes.append(elements * item)
        return Value(len(self.sizes) - 1, elements, item, grad)

    def record(
        self,
        inputs: tuple[Value, ...],
        outputs: tuple[Value, ...],
        saved: tuple[Value | None, ...] = (),
        *,
        param_grads: float = 0.0,
        alias: bool = False,
        workspace: float = 0.0,
    ) -> None:
        """Remember an operation, if anything in it needs a gradient."""
        if not any(out.grad for out in outputs):
            return
        kept = tuple({value.storage: None for value in saved if value is not None})
        self.nodes.append(Node(inputs, outputs, kept, param_grads, alias, workspace))

    # moving data

    def view(self, x: Value, elements: float | None = None) -> Value:
        """The same storage under another shape, or a slice of it."""
        out = Value(x.storage, x.elements if elements is None else elements, x.item, x.grad)
        self.record((x,), (out,), alias=elements is None)
        return out

    def split(self, x: Value, *elements: float) -> tuple[Value, ...]:
        """Slices of one storage; backward puts their gradients together in a new one."""
        parts = tuple(Value(x.storage, count, x.item, x.grad) for count in elements)
        self.record((x,), parts)
        return parts

    def copy(self, x: Value, elements: float | None = None) -> Value:
        """A new storage with the same content: contiguous(), cat, repeat, a reshape that must."""
        out = self.new(x.elements if elements is None else elements, x.item, x.grad)
        self.record((x,), (out,))
        return out

    def cast(self, x: Value, item: float) -> Value:
        """Another dtype: a new storage, or the same tensor where the dtype is that already."""
        if x.item == item:
            return x
        out = self.new(x.elements, item, x.grad)
        self.record((x,), (out,))
        return out

    # arithmetic

    def add(self, x: Value, y: Value) -> Value:
        """Keeps nothing; both inputs receive the gradient as it is."""
        out = self.new(max(x.elements, y.elements), max(x.item, y.item), x.grad or y.grad)
        self.record((x, y), (out,), alias=True)
        return out

    def scale(self, x: Value) -> Value:
        """By a constant: keeps nothing."""
        return self.copy(x)

    def multiply(self, x: Value, y: Value) -> Value:
        """Keeps each factor whose partner needs a gradient; a broadcast one is summed back."""
        out = self.new(max(x.elements, y.elements), max(x.item, y.item), x.grad or y.grad)
        kept = (x if y.grad else None, y if x.grad else None)
        self.record((x, y), (out,), kept, workspace=out.bytes if x.elements != y.elements else 0.0)
        return out

    def power(self, x: Value) -> Value:
        """Keeps its input; backward writes the lower power and its multiple out first."""
        out = self.new(x.elements, x.item, x.grad)
        self.record((x,), (out,), (x,), workspace=2 * x.bytes)
        return out

    def keep_result(self, x: Value, item: float | None = None) -> Value:
        """An operation whose derivative needs its result: softmax, tanh, relu, exp, rsqrt."""
        out = self.new(x.elements, x.item if item is None else item, x.grad)
        self.record((x,), (out,), (out,))
        return out

    def keep_input(self, x: Value, *extra: Value) -> Value:
        """An operation whose derivative needs its input: silu, gelu, pow, layer_norm."""
        out = self.new(x.elements, x.item, x.grad)
        self.record((x,), (out,), (x, *extra))
        return out

    def matmul(self, x: Value, y: Value, elements: float) -> Value:
        """Of two activations: keeps each whose partner needs a gradient."""
        out = self.new(elements, max(x.item, y.item), x.grad or y.grad)
        self.record((x, y), (out,), (x if y.grad else None, y if x.grad else None))
        return out

    def linear(
        self,
        x: Value,
        out_elements: float,
        *,
        weight: float,
        bias: float = 0.0,
        trainable: bool = True,
        item: float | None = None,
        workspace: float = 0.0,
    ) -> Value:
        """Keeps its input only if its weight is trained; the weight itself is no activation.

        `weight` and `bias` are element counts. Under autocast a 16-bit copy of the weight is made
        once per step and kept for the input's gradient.
        """
        grad_item = (self.item if item is None else item) if not self.autocast else 4.0
        copy = None
        if self.autocast:
            x = self.cast(x, self.item)
            copy = self.new(weight, self.item, grad=False) if x.grad else None
        out = self.new(out_elements, x.item, x.grad or trainable)
        gradients = (weight + bias) * grad_item if trainable else 0.0
        self.record(
            (x,),
            (out,),
            (x if trainable else None, copy),
            param_grads=gradients,
            workspace=workspace,
        )
        return out

    def dropout(self, x: Value, p: float) -> Value:
        """A GPU's kernel keeps one byte per element, composed dropout a mask of x's dtype."""
        if p == 0:
            return x
        mask = self.new(x.elements, 1.0 if self.device == "cuda" else x.item, grad=False)
        out = self.new(x.elements, x.item, x.grad)
        self.record((x,), (out,), (mask,))
        return out

    # results

    @property
    def param_grads(self) -> float:
        """Bytes of the gradients of all weights that the recorded operations train."""
        return sum(node.param_grads for node in self.nodes)

    def saved_storages(self) -> dict[int, float]:
        """Each storage that some operation keeps, with its bytes."""
        return {storage: self.sizes[storage] for node in self.nodes for storage in node.saved}

    def saved_bytes(self, shared: tuple[Value, ...] = ()) -> float:
        """Bytes kept for backward, leaving out storages that other blocks keep too."""
        others = {value.storage for value in shared}
        return sum(size for key, size in self.saved_storages().items() if key not in others)
