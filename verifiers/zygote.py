"""The resident process: imports what submissions need once, then forks one child per job.

It reads jobs from the control socket, forks, reports on the job's status socket, and reaps. It
never reads what a submission wrote, so there is nothing that a submission could send it. It ends
when the control socket closes, and with it, inside its pid namespace, everything it started.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import importlib
import os
import resource
import select
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import Any

from verifiers import child, lockdown, warmup, wire

WARM_UP = ("numpy", "numpy.ctypeslib", "torch", "torch._dynamo", "safetensors.torch", "jaxtyping")


@dataclass
class Zygote:
    """The state of the resident process: its control socket and the children it has to reap."""

    control: socket.socket
    entry: child.Entry
    confinement: child.Confinement
    wakeup: int
    children: dict[int, int] = field(default_factory=dict)  # pid to its status socket's descriptor

    def serve(self) -> None:
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.wakeup, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self.wakeup:
                    os.read(fd, 4096)
                    self.reap()
                elif not self.accept():
                    return

    def accept(self) -> bool:
        """Take one job and fork its child. False when the judge has closed the control socket."""
        message = receive_exactly(self.control, wire.HEADER_BYTES)
        if message is None:
            return False
        data, fds = message
        payload, frames, printing, status = fds
        self.fork(wire.JobHeader.unpack(data), child.Descriptors(payload, frames, printing, status))
        for fd in (payload, frames, printing):
            os.close(fd)
        return True

    def fork(self, header: wire.JobHeader, fds: child.Descriptors) -> None:
        pid = lockdown.fork_into_namespace() if self.confinement.namespaces else os.fork()
        if pid == 0:
            child.main(header, fds, self.entry, self.confinement)  # never returns
        self.children[pid] = fds.status
        with socket.socket(fileno=os.dup(fds.status)) as status, contextlib.suppress(OSError):
            handles = [os.pidfd_open(pid)] if hasattr(os, "pidfd_open") else []
            socket.send_fds(status, [wire.Started(pid).pack()], handles)
            for handle in handles:
                os.close(handle)

    def reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            report = wire.Exited(status, usage.ru_utime + usage.ru_stime).pack()
            fd = self.children.pop(pid, None)
            if fd is not None:
                end_group(pid)
                with socket.socket(fileno=fd) as channel, contextlib.suppress(OSError):
                    channel.send(report)

    def end_all(self) -> None:
        for pid in self.children:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            end_group(pid)


def end_group(pid: int) -> None:
    """Kill what a child left in its process group (matters where it had no pid namespace)."""
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def receive_exactly(sock: socket.socket, size: int) -> tuple[bytes, list[int]] | None:
    """One message of a known size with its descriptors, or None at the end of the stream."""
    data, fds, _, _ = socket.recv_fds(sock, size, 8)
    while data and len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            return None
        data += more
    return (data, fds) if data else None


def load(dotted: str) -> Any:
    module, _, name = dotted.partition(":")
    return getattr(importlib.import_module(module), name)


def prepare(settings: dict[str, Any]) -> tuple[child.Entry, child.Confinement]:
    """Import everything, so that no child has to, and settle memory so that forks share it."""
    for name in settings["warm_up"]:
        importlib.import_module(name)
    entry = load(settings["entry"])
    if "torch" in sys.modules:
        warmup.warm_up()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.collect()
    gc.freeze()
    seccomp = base64.b64decode(settings["seccomp"])
    return entry, child.Confinement(settings["namespaces"], seccomp)


def watch_children() -> int:
    """A descriptor that becomes readable when a child ends."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def main(control_fd: int) -> None:
    """Serve the judge at the other end of the control socket until it closes."""
    control = socket.socket(fileno=control_fd)
    entry, confinement = prepare(wire.receive_json(control))
    wire.send_json(control, "imported")
    if sys.platform == "linux":
        lockdown.gather_pages(wire.receive_json(control))
    zygote = Zygote(control, entry, confinement, watch_children())
    wire.send_json(control, "ready")
    try:
        zygote.serve()
    finally:
        zygote.end_all()


if __name__ == "__main__":
    main(int(sys.argv[1]))
