"""See banned calls while a submission runs, however they were reached.

torch sends every operator through a table with a column for each *dispatch key*. One key exists for
tests only, and torch itself never uses it: banned operators get an entry there that reports the
call and passes it on, and a thread that is watched has the key switched on. Whatever else it calls
costs nothing. Banned classes report their construction, banned packages their import, banned
functions that no operator stands for their call.

What is seen inside the submission's process can be hidden by code in that process: this is a policy
for honest learners, not a security boundary.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import pkgutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import Any

import torch

from verifiers.forbidden import banned_modules

KEY = "TESTING_ONLY_GenericMode"


class Watch:
    """Collects the banned names that were used. Empty while all is well. One at a time."""

    def __init__(self, forbidden: tuple[str, ...]) -> None:
        self.seen: list[str] = []
        self.forbidden = forbidden
        self.targets = dict(_resolved(forbidden))
        # By last part, as operators are named; reversed, so that the first spelling is reported.
        last_parts = {
            name.rpartition(".")[2]: name
            for name in reversed(forbidden)
            if name.startswith("torch.")
        }
        self.operators = {
            operator: name
            for part, name in last_parts.items()
            for operator in (part, *INNER.get(part, ()))
            if _listen(operator)
        }

    def note(self, name: str) -> None:
        if name not in self.seen:
            self.seen.append(name)

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Watch everything in this block, in this thread and in those that it starts."""
        if not self.forbidden:
            yield
            return
        finder = _Finder(self)
        with contextlib.ExitStack() as undo:
            sys.meta_path.insert(0, finder)
            undo.callback(sys.meta_path.remove, finder)
            for home, attribute, name in self._reporters():
                undo.enter_context(_replaced(home, attribute, functools.partial(_told, self, name)))
            undo.enter_context(_replaced(threading.Thread, "run", _watched))
            _active.append(self)
            undo.callback(_active.remove, self)
            undo.enter_context(_switched_on())
            yield

    def _reporters(self) -> Iterator[tuple[Any, str, str]]:
        """What reports its own call: banned classes, and so their subclasses, and functions."""
        for name, target in self.targets.items():
            if isinstance(target, type):
                yield target, "__init__", name
            elif isinstance(target, FunctionType) and name not in self.operators.values():
                home, _, attribute = name.rpartition(".")
                yield pkgutil.resolve_name(home), attribute, name


@contextlib.contextmanager
def _replaced(
    home: Any, attribute: str, by: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Iterator[None]:
    """Put `by(original)` in the place of an attribute, for a while."""
    own = attribute in vars(home)
    original = getattr(home, attribute)
    setattr(home, attribute, by(original))
    try:
        yield
    finally:
        if own:
            setattr(home, attribute, original)
        else:  # a class that inherits it
            delattr(home, attribute)


def _told(watch: Watch, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def told(*args: Any, **kwargs: Any) -> Any:
        watch.note(name)
        return original(*args, **kwargs)

    return told


_active: list[Watch] = []  # the one that is told


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


# Operators


@functools.cache
def _libraries() -> tuple[Any, torch.library.Library, Any]:
    """The key, the library that holds our entries, and one that lets all others pass."""
    key = torch._C._dispatch_key_parse(KEY)
    others = torch.library.Library("_", "IMPL")
    others.fallback(torch.library.fallthrough_kernel, KEY)
    return key, torch.library.Library("aten", "IMPL"), others


@functools.cache
def _listen(operator: str) -> bool:
    """Enter an operator into the table. Whether torch has one of this name."""
    packet = getattr(torch.ops.aten, operator, None)
    if packet is None:
        return False
    _, library, _ = _libraries()
    for overload in packet.overloads():
        name = operator if overload == "default" else f"{operator}.{overload}"
        library.impl(name, _entry(operator, getattr(packet, overload)), KEY)
    return True


def _entry(operator: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def report(*args: Any, **kwargs: Any) -> Any:
        for watch in _active:
            if name := watch.operators.get(operator):
                watch.note(name)
        with torch._C._ExcludeDispatchKeyGuard(torch._C.DispatchKeySet(_libraries()[0])):
            return original(*args, **kwargs)

    return report


def _switched_on() -> contextlib.AbstractContextManager[Any]:
    """The key, in this thread and in those that autograd computes for it in."""
    return torch._C._IncludeDispatchKeyGuard(_libraries()[0])


def _watched(run: Callable[..., None]) -> Callable[..., None]:
    def watched(thread: threading.Thread) -> None:
        with _switched_on():
            run(thread)

    return watched


def warm_up() -> None:
    """Enter the usual operators ahead, so that no child has to."""
    for operator in {*INNER, *(inner for names in INNER.values() for inner in names)}:
        _listen(operator)


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


# The operators inside others, by the name that is banned with them.
INNER: dict[str, tuple[str, ...]] = {
    "softmax": (
        "_softmax",
        "_safe_softmax",
        "_masked_softmax",
        "_sparse_softmax",
        "special_softmax",
    ),
    "log_softmax": ("_log_softmax", "_sparse_log_softmax", "special_log_softmax"),
    "layer_norm": ("native_layer_norm",),
    "rms_norm": ("_fused_rms_norm",),
    "batch_norm": ("native_batch_norm",),
    "group_norm": ("native_group_norm",),
    "scaled_dot_product_attention": (
        "_scaled_dot_product_flash_attention",
        "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_efficient_attention",
        "_scaled_dot_product_cudnn_attention",
        "_scaled_dot_product_fused_attention_overrideable",
        "_scaled_dot_product_attention_math",
    ),
    "MultiheadAttention": ("_native_multi_head_attention", "_transformer_encoder_layer_fwd"),
    "max_pool1d": ("max_pool1d_with_indices", "quantized_max_pool1d"),
    "max_pool2d": (
        "max_pool2d_with_indices",
        "max_pool2d_with_indices_backward",
        "mkldnn_max_pool2d",
        "quantized_max_pool2d",
    ),
    "max_pool3d": ("max_pool3d_with_indices", "mkldnn_max_pool3d", "quantized_max_pool3d"),
    "max_unpool2d": (),
    "max_unpool3d": (),
    "adaptive_max_pool1d": (),
    "adaptive_max_pool2d": (),
    "adaptive_max_pool3d": (),
    "fractional_max_pool2d": (),
    "fractional_max_pool3d": (),
    "avg_pool1d": (),
    "avg_pool2d": (),
    "avg_pool3d": (),
    "adaptive_avg_pool1d": (),
    "adaptive_avg_pool2d": ("_adaptive_avg_pool2d", "mkldnn_adaptive_avg_pool2d"),
    "adaptive_avg_pool3d": ("_adaptive_avg_pool3d",),
}
