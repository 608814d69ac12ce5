"""Results as data: Python values and tensors to bytes and back, without pickle.

A submission may return anything. `encode` turns it into JSON for the structure and safetensors for
the numbers; what is neither becomes `Opaque`, which equals nothing. `decode` runs in the trusted
process on bytes it does not trust: it builds only numbers, text, containers and tensors.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

MAX_DEPTH = 40
MAX_NODES = 200_000
PLAIN_NUMPY = frozenset("biuf")  # kinds of NumPy dtypes that cross: bool, int, unsigned, float


class FrameError(ValueError):
    """Bytes that `encode` did not make."""


@dataclass(frozen=True)
class Opaque:
    """A value that cannot be compared, for example a generator; `what` says what it was."""

    what: str


@dataclass(frozen=True)
class Array:
    """A NumPy array or scalar, held as a tensor; `scalar` tells the two apart."""

    values: Tensor
    scalar: bool = False


@dataclass(frozen=True)
class OnDevice:
    """A torch tensor with the kind of device it was on; `values` is on the CPU."""

    values: Tensor
    device: str = "cpu"


class _Encoder:
    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.nodes = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            return ["opaque", "a structure too deep or too large to compare"]
        if value is None or type(value) in (bool, str):
            return value
        if type(value) is int:
            return ["int", hex(value)]
        if type(value) is float:
            return ["float", value.hex()]
        for encode_kind in (self._numpy, self._torch, self._container):
            encoded = encode_kind(value, depth)
            if encoded is not None:
                return encoded
        return ["opaque", f"a value of type {type(value).__name__}"]

    def _store(self, tensor: Tensor) -> str:
        key = str(len(self.tensors))
        # safetensors refuses tensors that share memory, so each one gets its own.
        self.tensors[key] = tensor.detach().to("cpu").clone(memory_format=torch.contiguous_format)
        return key

    def _numpy(self, value: Any, depth: int) -> Any:
        if not isinstance(value, np.ndarray | np.generic):
            return None
        array = np.array(value, copy=True, subok=False)
        if array.dtype.kind not in PLAIN_NUMPY or array.dtype.itemsize > 8:
            return ["opaque", f"a NumPy array of dtype {array.dtype}"]
        kind = "scalar" if isinstance(value, np.generic) else "array"
        native = array.astype(array.dtype.newbyteorder("="))
        return [kind, self._store(torch.from_numpy(native))]

    def _torch(self, value: Any, depth: int) -> Any:
        if not isinstance(value, Tensor):
            return None
        if type(value) not in (Tensor, torch.nn.Parameter):
            return ["opaque", f"a subclass of Tensor called {type(value).__name__}"]
        if value.layout != torch.strided or value.is_quantized or value.is_meta:
            return ["opaque", "a tensor without ordinary strided values"]
        if value.is_complex():
            return ["opaque", "a complex tensor"]
        return ["tensor", self._store(value), value.device.type]

    def _container(self, value: Any, depth: int) -> Any:
        # The methods of the base classes, so that a lying subclass shows what it really holds.
        if isinstance(value, list):
            return ["list", [self.encode(item, depth + 1) for item in list.__iter__(value)]]
        if isinstance(value, tuple):
            return ["tuple", [self.encode(item, depth + 1) for item in tuple.__iter__(value)]]
        if isinstance(value, dict):
            keys = [self.encode(key, depth + 1) for key in dict.keys(value)]
            values = [self.encode(item, depth + 1) for item in dict.values(value)]
            return ["dict", [list(pair) for pair in zip(keys, values, strict=True)]]
        if isinstance(value, set | frozenset):
            return ["set", sorted((self.encode(v, depth + 1) for v in value), key=repr)]
        if isinstance(value, Opaque):
            return ["opaque", value.what]
        return None


def encode(value: Any) -> bytes:
    """Bytes of a tree: the length of the JSON part (8 bytes), the JSON, the safetensors."""
    encoder = _Encoder()
    structure = json.dumps(encoder.encode(value)).encode()
    return struct.pack("<Q", len(structure)) + structure + safetensors.torch.save(encoder.tensors)


def decode(frame: bytes) -> Any:
    """The tree that `encode` was given. Raises FrameError on anything else."""
    try:
        (length,) = struct.unpack_from("<Q", frame)
        structure = json.loads(frame[8 : 8 + length])
        tensors = safetensors.torch.load(frame[8 + length :])
        return _decode(structure, tensors)
    except (ValueError, KeyError, IndexError, TypeError, RecursionError, struct.error) as error:
        raise FrameError(f"unreadable result: {error!r}") from error
    except safetensors.SafetensorError as error:
        raise FrameError(f"unreadable result: {error}") from error


def _decode(node: Any, tensors: dict[str, Tensor]) -> Any:
    if node is None or isinstance(node, bool | str):
        return node
    kind, content = node[0], node[1]
    match kind:
        case "int":
            return int(content, 16)
        case "float":
            return float.fromhex(content)
        case "opaque":
            return Opaque(str(content))
        case "array" | "scalar":
            return Array(tensors[content], scalar=kind == "scalar")
        case "tensor":
            return OnDevice(tensors[content], str(node[2]))
        case "list":
            return [_decode(item, tensors) for item in content]
        case "tuple":
            return tuple(_decode(item, tensors) for item in content)
        case "set":
            return frozenset(_decode(item, tensors) for item in content)
        case "dict":
            return {_decode(k, tensors): _decode(v, tensors) for k, v in content}
    raise FrameError(f"unknown kind {kind!r}")


def freeze(value: Any) -> Any:
    """The tree as it looks after crossing, for values that never left this process."""
    encoder = _Encoder()
    return _decode(encoder.encode(value), encoder.tensors)
