"""See banned calls while a submission runs, however they were reached.

Two of torch's own hooks report every call that passes through it: a function mode (the Python
function that was called) and a dispatch mode (the operator it became). Banned classes report their
construction, banned packages their import. What is seen inside the submission's process can be
hidden by code in that process: this is a policy for honest learners, not a security boundary.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._python_dispatch import TorchDispatchMode

from verifiers.forbidden import banned_modules


class Watch:
    """Collects the banned names that were used. Empty while all is well."""

    def __init__(self, forbidden: tuple[str, ...]) -> None:
        self.seen: list[str] = []
        self.forbidden = forbidden
        # By last part, as operators are named; reversed, so that the first spelling is reported.
        self.last_parts = {
            name.rpartition(".")[2]: name
            for name in reversed(forbidden)
            if name.startswith("torch.")
        }
        self.targets = dict(_resolved(forbidden))

    def note(self, name: str) -> None:
        if name not in self.seen:
            self.seen.append(name)

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Watch everything in this block. Costs about 20 µs a torch call; nothing with no bans."""
        if not self.forbidden:
            yield
            return
        finder = _Finder(self)
        sys.meta_path.insert(0, finder)
        self._wrap_classes()
        run = threading.Thread.run
        threading.Thread.run = self._hooked(run)  # type: ignore[method-assign]
        try:
            with self._hooks():
                yield
        finally:
            threading.Thread.run = run  # type: ignore[method-assign]
            sys.meta_path.remove(finder)

    @contextlib.contextmanager
    def _hooks(self) -> Iterator[None]:
        with _Functions(self), _Operators(self):
            yield

    def _hooked(self, run: Callable[[threading.Thread], None]) -> Callable[..., None]:
        """The hooks see one thread each, so every new thread gets its own."""

        def hooked(thread: threading.Thread) -> None:
            with self._hooks():
                run(thread)

        return hooked

    def _wrap_classes(self) -> None:
        """Make a banned class, and so its subclasses, report its construction."""
        for name, target in self.targets.items():
            if isinstance(target, type):
                target.__init__ = _reporting(self, name, target.__init__)  # type: ignore[misc]


def _reporting(watch: Watch, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        watch.note(name)
        original(self, *args, **kwargs)

    return init


def _resolved(forbidden: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """The objects that dotted names stand for, of modules that are already imported."""
    for name in forbidden:
        parts = name.split(".")
        value: Any = sys.modules.get(parts[0])
        for part in parts[1:]:
            value = getattr(value, part, None)
        if value is None:
            continue
        if isinstance(value, ModuleType) and len(parts) > 1:
            # A banned module bans the classes it defines.
            for key, member in vars(value).items():
                # `isinstance` would ask the member itself, and a deprecated one then warns.
                if issubclass(type(member), type) and member.__module__ == value.__name__:
                    yield f"{name}.{key}", member
        else:
            yield name, value


# Looking a name up costs 50 µs. What the resident process looked up, its children know.
_full_name = functools.lru_cache(maxsize=4096)(resolve_name)


class _Functions(TorchFunctionMode):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch
        # By identity; Python functions and builtins alike. A method is known by its name.
        self.banned = {id(target): name for name, target in watch.targets.items()}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = self.banned.get(id(func))
        if name is None and (full := _full_name(func)) in self.watch.forbidden:
            name = full
        if name:
            self.watch.note(name)
        return func(*args, **(kwargs or {}))


class _Operators(TorchDispatchMode):
    """Reports operators by base name: `aten::_softmax` counts as `softmax`."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch
        self.banned = {
            part: name for part, name in watch.last_parts.items() if part in OPERATOR_NAMES
        }

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing compiles in here, and the guard against it doubles the cost

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        operator = func._schema.name.removeprefix("aten::")
        for part in OPERATORS.get(operator, ()):
            if part in self.banned:
                self.watch.note(self.banned[part])
        return func(*args, **(kwargs or {}))


class _Finder(importlib.abc.MetaPathFinder):
    """Refuses the import of a banned package and notes it."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.banned = frozenset(banned_modules(watch.forbidden))

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname.split(".")[0] in self.banned:
            self.watch.note(fullname.split(".")[0])
            raise ImportError(f"{fullname} may not be used in this drill")
        return None


OPERATORS = {
    "_softmax": ("softmax",),
    "_safe_softmax": ("softmax",),
    "_masked_softmax": ("softmax",),
    "_log_softmax": ("log_softmax",),
    "_sparse_softmax": ("softmax",),
    "_sparse_log_softmax": ("log_softmax",),
    "native_layer_norm": ("layer_norm",),
    "_fused_rms_norm": ("rms_norm",),
    "scaled_dot_product_attention": ("scaled_dot_product_attention",),
    "_scaled_dot_product_flash_attention": ("scaled_dot_product_attention",),
    "_scaled_dot_product_flash_attention_for_cpu": ("scaled_dot_product_attention",),
    "_scaled_dot_product_efficient_attention": ("scaled_dot_product_attention",),
    "_scaled_dot_product_cudnn_attention": ("scaled_dot_product_attention",),
    "_scaled_dot_product_attention_math": ("scaled_dot_product_attention",),
    "_native_multi_head_attention": ("MultiheadAttention",),
    "max_pool2d_with_indices": ("max_pool2d",),
    "max_pool2d_with_indices_backward": ("max_pool2d",),
    "max_pool3d_with_indices": ("max_pool3d",),
    "adaptive_max_pool2d": ("adaptive_max_pool2d",),
    "adaptive_max_pool3d": ("adaptive_max_pool3d",),
    "fractional_max_pool2d": ("fractional_max_pool2d",),
    "fractional_max_pool3d": ("fractional_max_pool3d",),
    "max_unpool2d": ("max_unpool2d",),
    "max_unpool3d": ("max_unpool3d",),
    "avg_pool2d": ("avg_pool2d",),
    "avg_pool3d": ("avg_pool3d",),
    "_adaptive_avg_pool2d": ("adaptive_avg_pool2d",),
    "_adaptive_avg_pool3d": ("adaptive_avg_pool3d",),
    "mkldnn_max_pool2d": ("max_pool2d",),
    "native_batch_norm": ("batch_norm",),
    "native_group_norm": ("group_norm",),
}
OPERATOR_NAMES = frozenset(part for parts in OPERATORS.values() for part in parts)
