"""Messages between the judge, the resident process and its children: fixed structs, no pickle.

Three channels. The control socket carries one `JobHeader` per job, with the job's file
descriptors attached. A status socket per job carries `Started` and `Exited` back. The frame pipe
carries what the child sends: a length, a kind, the bytes.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# What the child writes on the frame pipe. DATA is opaque to the sandbox. The others carry the
# job's nonce: BEGUN comes first, once the child is locked down, one of the rest comes last.
DATA, RETURNED, OUT_OF_MEMORY, RAISED, BEGUN = KINDS = 0, 1, 2, 3, 4
_FRAME = struct.Struct("<IB")  # length of the body, kind
NONCE_BYTES = 16

_HEADER = struct.Struct(f"<{NONCE_BYTES}sQQQ")
_STATUS = struct.Struct("<cqd")  # b"S" or b"E", pid or wait status, CPU seconds
STATUS_BYTES = _STATUS.size
HEADER_BYTES = _HEADER.size


@dataclass(frozen=True)
class JobHeader:
    """What a child must know besides its payload.

    `nonce` comes back in the last frame. `cpu_seconds` and `address_space` (bytes, zero for none)
    become resource limits. `memory` is what the job may use above an idle child, in bytes.
    """

    nonce: bytes
    cpu_seconds: int
    address_space: int
    memory: int

    def pack(self) -> bytes:
        return _HEADER.pack(self.nonce, self.cpu_seconds, self.address_space, self.memory)

    @classmethod
    def unpack(cls, data: bytes) -> JobHeader:
        return cls(*_HEADER.unpack(data))


@dataclass(frozen=True)
class Started:
    """The child has its job. `pid` is its number as the resident process sees it; `cpu` are the
    seconds of CPU time that it had used before."""

    pid: int
    cpu: float = 0.0

    def pack(self) -> bytes:
        return _STATUS.pack(b"S", self.pid, self.cpu)


@dataclass(frozen=True)
class Exited:
    """The child is gone. `status` is what waitpid returned, `cpu` its CPU time in seconds."""

    status: int
    cpu: float

    def pack(self) -> bytes:
        return _STATUS.pack(b"E", self.status, self.cpu)


def unpack_status(data: bytes) -> Started | Exited:
    kind, number, cpu = _STATUS.unpack(data)
    return Started(number, cpu) if kind == b"S" else Exited(number, cpu)


def receive_with_fds(sock: socket.socket, size: int) -> tuple[bytes, list[int]] | None:
    """A message of a known size with the descriptors sent along; None at the end of the stream."""
    data, fds, _, _ = socket.recv_fds(sock, size, 8)
    while data and len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            return None
        data += more
    return (data, fds) if data else None


def write_frame(fd: int, kind: int, body: bytes) -> None:
    """Write one frame to a blocking pipe, however often the kernel takes only a part."""
    for part in (_FRAME.pack(len(body), kind), body):
        view = memoryview(part)
        while view:
            view = view[os.write(fd, view) :]


def send_json(control: socket.socket, value: Any) -> None:
    """A message of the greeting, between two trusted processes."""
    text = json.dumps(value).encode()
    control.sendall(len(text).to_bytes(4, "little") + text)


def receive_json(control: socket.socket) -> Any:
    """The next message of the greeting. Raises EOFError when the other end is gone."""
    size = int.from_bytes(control.recv(4, socket.MSG_WAITALL), "little")
    text = control.recv(size, socket.MSG_WAITALL) if size else b""
    if not text:
        raise EOFError("the other end closed the control socket")
    return json.loads(text)


class FrameReader:
    """Cuts a stream of bytes into frames. The stream may be forged: nothing in it is trusted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._received = 0
        self.too_much = False  # more than the limit came, or was announced
        self.damaged = False  # something came that `write_frame` does not write

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the frames that `data` completes. Stops for good once something is wrong."""
        room = max(0, self._limit - self._received)
        self._received += len(data)
        self._buffer += data[:room]
        yield from self._complete()
        self.too_much = self.too_much or self._received > self._limit

    def _complete(self) -> Iterator[tuple[int, bytes]]:
        while not (self.damaged or self.too_much) and len(self._buffer) >= _FRAME.size:
            length, kind = _FRAME.unpack_from(self._buffer)
            end = _FRAME.size + length
            self.damaged = kind not in KINDS
            self.too_much = not self.damaged and length > self._limit
            if self.damaged or len(self._buffer) < end:
                return
            body = bytes(self._buffer[_FRAME.size : end])
            del self._buffer[:end]
            yield kind, body
