"""Results as data: Python values and tensors to bytes and back, without pickle.

A submission may return anything. `encode` turns it into JSON for the structure and safetensors for
the tensors; what is neither becomes `Opaque`, which equals nothing. `decode` runs in the trusted
process on bytes it does not trust: it builds only numbers, text, containers and tensors, and no
more of them than `encode` would send.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from verifiers.printed import shown

MAX_DEPTH = 40
MAX_NODES = 200_000
MAX_TEXT = 2**19  # characters of all texts, and digits of all large integers, together
MAX_TENSORS = 10_000
MAX_STRUCTURE = 10 * 2**20  # bytes of JSON: more than the limits above can add up to
MAX_INDEX = 4 * 2**20  # bytes of the list of tensors that safetensors begins with
PLAIN_INT = 2**63  # JSON is read as a Python int up to here
PLAIN_NUMPY = frozenset("biuf")  # kinds of NumPy dtypes that cross: bool, int, unsigned, float
WHOLE = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)
FLOATING = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
TINY = (torch.float8_e4m3fn, torch.float8_e5m2)
TENSOR_DTYPES = frozenset((*WHOLE, *UNSIGNED, *FLOATING, *TINY))


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


def type_name(kind: type) -> str:
    """The name a type really has, which a metaclass could lie about; a long one is cut."""
    return shown(type.__dict__["__name__"].__get__(kind), 80)


def _is(value: Any, *kinds: type) -> bool:
    """Like `isinstance`, for values that lie about their `__class__`."""
    return issubclass(type(value), kinds)


class _Encoder:
    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.nodes = self.text = 0

    def encode(self, value: Any, depth: int = 0, *, hashed: bool = False) -> Any:
        """A tree of JSON. With `hashed`, of a dict's key or a set's item."""
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            return ["opaque", "a structure too deep or too large to compare"]
        if value is None or type(value) is bool:
            return value
        for encode_kind in (self._numpy, self._torch, self._plain, self._container):
            encoded = encode_kind(value, depth, hashed)
            if encoded is not None:
                return encoded
        return ["opaque", f"a value of type {type_name(type(value))}"]

    def _plain(self, value: Any, depth: int, hashed: bool) -> Any:
        # The methods of the base classes, so that a lying subclass shows what it really holds.
        if _is(value, str):
            text = str.__str__(value)
            return text if self._has_room(len(text)) else ["opaque", "a text too long to compare"]
        if _is(value, int):
            number = int.__int__(value)
            if abs(number) < PLAIN_INT:
                return number
            if self._has_room(number.bit_length() // 4):
                return ["int", hex(number)]
            return ["opaque", "an int too large to compare"]
        return float.__float__(value) if _is(value, float) else None

    def _has_room(self, characters: int) -> bool:
        self.text += characters
        return self.text <= MAX_TEXT

    def _store(self, kind: str, tensor: Tensor, *more: str) -> list[str]:
        if len(self.tensors) == MAX_TENSORS:
            return ["opaque", "one of too many tensors to compare"]
        key = str(len(self.tensors))
        # On the CPU, in its own memory, without gaps: all that safetensors asks for.
        self.tensors[key] = tensor.detach().to("cpu").clone(memory_format=torch.contiguous_format)
        return [kind, key, *more]

    def _numpy(self, value: Any, depth: int, hashed: bool) -> Any:
        if not _is(value, np.ndarray, np.generic):
            return None
        array = np.array(value, copy=True, subok=False)
        if array.dtype.kind not in PLAIN_NUMPY or array.dtype.itemsize > 8:
            return ["opaque", f"a NumPy array of dtype {array.dtype}"]
        if _is(value, np.ndarray):
            native = array.astype(array.dtype.newbyteorder("="))
            return self._store("array", torch.from_numpy(native))
        if hashed:  # where 3 and np.int64(3) are one and the same
            return array.item()
        return self._store("scalar", torch.from_numpy(array))

    def _torch(self, value: Any, depth: int, hashed: bool) -> Any:
        if not _is(value, Tensor):
            return None
        if type(value) not in (Tensor, torch.nn.Parameter):
            return ["opaque", f"a subclass of Tensor called {type_name(type(value))}"]
        if value.layout != torch.strided or value.is_quantized or value.is_meta or value.is_nested:
            return ["opaque", "a tensor without ordinary strided values"]
        if value.dtype not in TENSOR_DTYPES:
            return ["opaque", f"a tensor of dtype {str(value.dtype).removeprefix('torch.')}"]
        return self._store("tensor", value, value.device.type)

    def _container(self, value: Any, depth: int, hashed: bool) -> Any:
        if _is(value, list):
            return ["list", [self.encode(item, depth + 1) for item in list.__iter__(value)]]
        if _is(value, tuple):
            items = tuple.__iter__(value)
            return ["tuple", [self.encode(item, depth + 1, hashed=hashed) for item in items]]
        if _is(value, dict):
            keys = [self.encode(key, depth + 1, hashed=True) for key in dict.keys(value)]
            values = [self.encode(item, depth + 1) for item in dict.values(value)]
            return ["dict", [list(pair) for pair in zip(keys, values, strict=True)]]
        if _is(value, set, frozenset):
            items = set.__iter__(value) if _is(value, set) else frozenset.__iter__(value)
            # In an order that does not depend on the process, for a job may be run again.
            encoded = (self.encode(item, depth + 1, hashed=True) for item in items)
            return ["set", sorted(encoded, key=repr)]
        if _is(value, Opaque):
            return ["opaque", value.what]
        return None


def encode(value: Any) -> bytes:
    """Bytes of a tree: the length of the JSON part (8 bytes), the JSON, the safetensors."""
    encoder = _Encoder()
    text = json.dumps(encoder.encode(value), ensure_ascii=False)
    structure = text.encode("utf-8", "surrogatepass")
    # `safetensors.torch.save` asks of each tensor what is known of these, which takes 30 µs.
    tensors = safetensors.serialize(
        {
            key: safetensors.TensorSpec(
                dtype=str(tensor.dtype).removeprefix("torch."),
                shape=tensor.shape,
                data_ptr=tensor.data_ptr(),
                data_len=tensor.nbytes,
            )
            for key, tensor in encoder.tensors.items()
        }
    )
    return struct.pack("<Q", len(structure)) + structure + tensors


def decode(frame: bytes) -> Any:
    """The tree that `encode` was given. Raises FrameError on anything else."""
    try:
        (length,) = struct.unpack_from("<Q", frame)
        (index,) = struct.unpack_from("<Q", frame, 8 + length)
        if length > MAX_STRUCTURE or index > MAX_INDEX:
            raise FrameError("a result larger than any that is sent")
        structure = json.loads(frame[8 : 8 + length])
        tensors = safetensors.torch.load(frame[8 + length :])
        return _decode(structure, tensors)
    except (ValueError, LookupError, TypeError, ArithmeticError, struct.error) as error:
        raise FrameError(f"unreadable result: {shown(repr(error), 200)}") from error
    except (RuntimeError, AttributeError, safetensors.SafetensorError) as error:
        raise FrameError(f"unreadable result: {shown(str(error), 200)}") from error


def _decode(node: Any, tensors: dict[str, Tensor]) -> Any:
    if node is None or isinstance(node, bool | str | int | float):
        return node
    kind, content = node[0], node[1]
    match kind:
        case "int":
            return int(content, 16)
        case "opaque":
            return Opaque(shown(content, 200))
        case "array":
            return Array(tensors[content])
        case "scalar":
            return Array(tensors[content].reshape(()), scalar=True)
        case "tensor":
            return OnDevice(tensors[content], shown(node[2], 20))
        case "list":
            return [_decode(item, tensors) for item in content]
        case "tuple":
            return tuple(_decode(item, tensors) for item in content)
        case "set":
            return frozenset(_decode(item, tensors) for item in content)
        case "dict":
            return {_decode(k, tensors): _decode(v, tensors) for k, v in content}
    raise FrameError(f"unknown kind {shown(str(kind), 20)}")


def identical(one: Any, other: Any) -> bool:
    """Whether two trees are surely the same to the last bit.

    Where that takes a closer look the answer is no: nan, sets, keys that are not text, `Opaque`.
    """
    if type(one) is not type(other):
        return False
    match one:
        case OnDevice():
            return one.device == other.device and _same_values(one.values, other.values)
        case Array():
            return one.scalar == other.scalar and _same_values(one.values, other.values)
        case dict():
            texts = all(type(key) is str for key in (*one, *other))
            return (
                texts
                and one.keys() == other.keys()
                and all(identical(one[key], other[key]) for key in one)
            )
        case list() | tuple():
            return len(one) == len(other) and all(map(identical, one, other))
        case None | bool() | int() | float() | str():
            return bool(one == other)
    return False


def _same_values(one: Tensor, other: Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)


def freeze(value: Any) -> Any:
    """The tree as it looks after crossing, for values that never left this process."""
    encoder = _Encoder()
    return _decode(encoder.encode(value), encoder.tensors)
