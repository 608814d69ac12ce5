"""What PyTorch itself keeps and allocates, for comparing the memory laboratory with.

A real transformers model runs under FakeTensorMode: no weights, no arithmetic, true shapes.
`saved_bytes` counts the distinct storages that autograd saved for backward, parameters and buffers
apart. `peak_bytes` follows every storage from birth to death through forward, backward and the
optimiser's step. With `cuda=True` the two places where a GPU's kernels keep something else than a
CPU's are replaced: dropout keeps a one-byte mask, attention is the flash kernel.
"""

from __future__ import annotations

import contextlib
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
import transformers
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

transformers.logging.set_verbosity_error()


def _native_dropout(x: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False):
    if p == 0 or not training:
        return x
    return torch.native_dropout(x, p, True)[0]


def _flash(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, **kwargs):
    """The kernel that SDPA picks on an NVIDIA GPU: flash without a mask, else memory-efficient."""
    if attn_mask is None and value.shape[-1] != query.shape[-1]:
        out = torch.ops.aten._scaled_dot_product_efficient_attention(
            query, key, value, None, True, dropout_p, is_causal, scale=scale
        )
        return out[0]
    if attn_mask is None:
        out = torch.ops.aten._scaled_dot_product_flash_attention(
            query, key, value, dropout_p, is_causal, scale=scale
        )
        return out[0]
    if attn_mask.dtype == torch.bool:
        zeros = torch.zeros_like(attn_mask, dtype=query.dtype)
        attn_mask = zeros.masked_fill_(attn_mask.logical_not(), float("-inf"))
    bias = attn_mask.expand(query.shape[0], query.shape[1], query.shape[2], key.shape[2])
    out = torch.ops.aten._scaled_dot_product_efficient_attention(
        query, key, value, bias, True, dropout_p, is_causal, scale=scale
    )
    return out[0]


@contextlib.contextmanager
def fake_run(cuda: bool = True) -> Iterator[FakeTensorMode]:
    """Fake tensors, with a GPU's kernels if asked.

    transformers cannot look into a fake batch to see that no sequences are packed in it, and would
    build a mask to be safe; it is told that there are none. A mask comes with `inputs(mask=True)`.
    """
    with contextlib.ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if cuda:
            functional = torch.nn.functional
            stack.enter_context(mock.patch.object(functional, "dropout", _native_dropout))
            stack.enter_context(
                mock.patch.object(functional, "scaled_dot_product_attention", _flash)
            )
        masking = transformers.masking_utils
        stack.enter_context(
            mock.patch.object(masking, "find_packed_sequence_indices", lambda _: None)
        )
        yield stack.enter_context(FakeTensorMode())


def build(config: Any, attention: str, dtype: torch.dtype, auto: Any = None) -> torch.nn.Module:
    """The model of a transformers config, in training mode, from inside `fake_run`."""
    auto = auto or transformers.AutoModelForCausalLM
    return auto.from_config(config, attn_implementation=attention, dtype=dtype).train()


def faked(model: torch.nn.Module) -> torch.nn.Module:
    """A model built on the meta device, its tensors replaced by fake ones; call in `fake_run`."""
    for module in model.modules():
        for name, param in list(module._parameters.items()):
            if param is not None:
                fresh = torch.empty(param.shape, dtype=param.dtype)
                module._parameters[name] = torch.nn.Parameter(fresh, param.requires_grad)
        for name, buffer in list(module._buffers.items()):
            if buffer is not None:
                module._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype)
    if hasattr(model, "tie_weights"):
        model.tie_weights()
    return model.train()


def inputs(model: torch.nn.Module, batch: int, seq: int, mask: bool = False) -> dict[str, Any]:
    """A batch with labels; with `mask` the 2-D attention mask that a padded batch carries."""
    ids = torch.zeros(batch, seq, dtype=torch.long)
    found: dict[str, Any] = {"input_ids": ids, "labels": ids}
    if hasattr(model.config, "use_cache"):
        found["use_cache"] = False
    if mask:
        found["attention_mask"] = torch.ones(batch, seq, dtype=torch.long)
    return found


def saved_bytes(model: torch.nn.Module, batch: int, seq: int, mask: bool = False) -> int:
    """Bytes of the storages that autograd saved in one forward pass, without the model's own."""
    own = {t.untyped_storage()._cdata for t in [*model.parameters(), *model.buffers()]}
    kept: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = model(**inputs(model, batch, seq, mask))
    total = sum(storage.nbytes() for storage in kept.values())
    del output
    return total


def per_layer(
    build_with: Callable[[int], torch.nn.Module], batch: int, seq: int, mask: bool = False
) -> int:
    """What one more layer saves: the difference between models of three layers and of two."""
    three, two = (saved_bytes(build_with(layers), batch, seq, mask) for layers in (3, 2))
    return three - two


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all storages alive, and remembers the most there ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.live = 0
        self.peak = 0
        self.seen: dict[int, Any] = {}
        self.log: list[tuple[str, int]] = []

    def adopt(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self.seen:
            return
        size = storage.nbytes()
        self.live += size
        self.peak = max(self.peak, self.live)

        def died(size: int = size, key: int = key) -> None:
            self.live -= size
            self.seen.pop(key, None)

        self.seen[key] = weakref.finalize(storage, died)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self.adopt(leaf)
        self.log.append((str(func), self.live))
        return out


def peak_bytes(
    model: torch.nn.Module, batch: int, seq: int, optimizer: Any = None, steps: int = 2
) -> LiveBytes:
    """The most bytes alive at once over whole training steps; read `.peak` of the result."""
    live = LiveBytes()
    data = inputs(model, batch, seq)
    trainable = [p for p in model.parameters() if p.requires_grad]
    with live:
        for tensor in [*model.parameters(), *model.buffers()]:
            live.adopt(tensor)
        step = optimizer(trainable) if optimizer else None
        for _ in range(steps):
            output = model(**data)
            output.loss.backward()
            if step:
                step.step()
            for p in trainable:
                p.grad = None
            del output
    return live
