"""Keys of numeric questions: pure, documented functions, one module a topic.

A key is computed rather than claimed. `question_bank/keys/memory.py` holds `kv_cache_bytes(...)`;
a question names it as `memory.kv_cache_bytes`. Each returns a number in base units (bytes, FLOP,
seconds, a ratio), or a `Key` that also names what the explanation shows on the way. Functions
that draw numbers take a `random.Random`. `tests/key_oracles/` computes each key a second way.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Key:
    """The right answer in base units, and values that the explanation may show."""

    value: float
    shown: Mapping[str, Any] = field(default_factory=dict)


def key_function(name: str) -> Callable[..., Any]:
    """The function behind `memory.kv_cache_bytes`. Raises LookupError where there is none."""
    module_name, _, function_name = name.partition(".")
    if not module_name.isidentifier() or not function_name.isidentifier():
        raise LookupError(f"{name!r} should look like memory.kv_cache_bytes")
    try:
        module = importlib.import_module(f"question_bank.keys.{module_name}")
        function: Callable[..., Any] = getattr(module, function_name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise LookupError(
            f"there is no function {function_name} in question_bank/keys/{module_name}.py"
        ) from error
    return function


def compute_key(name: str, values: Mapping[str, Any]) -> Key:
    """Call a key with those of the values it takes. Raises LookupError or what the key raises."""
    function = key_function(name)
    accepted = inspect.signature(function).parameters
    result = function(**{name: value for name, value in values.items() if name in accepted})
    return result if isinstance(result, Key) else Key(float(result))
