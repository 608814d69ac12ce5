"""Observing what a solution costs: memory held by tensors, operators run, calls made.

These count inside the submission's own process, so they hold honest learners to a drill's point
(no N × N matrix, no recomputation) and are no defence against code that lies about itself.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Meter(TorchDispatchMode):
    """Counts while active: operators by name, the largest tensor made, the peak held at once.

    `largest` is in elements. `peak_bytes` are those of distinct storages made under the meter; on
    CUDA what the allocator gave out at most beyond what it had given before
    (`torch.cuda.max_memory_allocated`), so that buffers inside kernels count too.
    """

    def __init__(self, device: str = "cpu") -> None:
        super().__init__()
        self.on_cuda = device.startswith("cuda")
        self.operators: Counter[str] = Counter()
        self.largest = 0
        self.held_bytes = 0
        self.peak_bytes = 0
        self._known: set[int] = set()

    def __enter__(self) -> Meter:
        if self.on_cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
            self._before = torch.cuda.memory_allocated()
        super().__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        if self.on_cuda:
            torch.cuda.synchronize()
            self.peak_bytes = torch.cuda.max_memory_allocated() - self._before

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = {_storage(leaf) for leaf in tree_leaves((args, kwargs)) if _is_plain(leaf)}
        result = func(*args, **(kwargs or {}))
        self.operators[func._schema.name.removeprefix("aten::")] += 1
        for leaf in tree_leaves(result):
            if _is_plain(leaf) and _storage(leaf) not in given:
                self._hold(leaf)
        return result

    def _hold(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._known:
            return
        self._known.add(key)
        self.largest = max(self.largest, storage.nbytes() // tensor.element_size())
        self.held_bytes += storage.nbytes()
        self.peak_bytes = max(self.peak_bytes, self.held_bytes)
        weakref.finalize(storage, self._release, key, storage.nbytes())

    def _release(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.held_bytes -= size


def _is_plain(value: Any) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


class Counted:
    """A callable that counts its calls and keeps a note of each."""

    def __init__(self, function: Callable[..., Any], note: Callable[..., Any] | None = None):
        self.function, self.note = function, note
        self.calls = 0
        self.notes: list[Any] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.note:
            self.notes.append(self.note(*args, **kwargs))
        return self.function(*args, **kwargs)
