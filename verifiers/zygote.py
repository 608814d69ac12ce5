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
from collections.abc import Callable
from typing import Any

from verifiers import child, lockdown, warmup, wire
from verifiers.confine import USERS

WARM_UP = ("numpy", "numpy.ctypeslib", "torch", "torch._dynamo", "safetensors.torch", "jaxtyping")


class Zygote:
    """The resident process: its control socket and the children it has to reap."""

    def __init__(self, control: socket.socket, recipe: child.Recipe, uid_base: int = 0) -> None:
        self.control = control
        self.recipe = recipe
        self.children: dict[int, int] = {}  # pid to its status socket's descriptor
        self.closed = False
        self._uid_base = uid_base
        self._forked = 0
        self._poll = select.poll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._wakeup = watch_children()
        self.watch(control.fileno(), self.accept)
        self.watch(self._wakeup, self._woken)

    # The loop

    def watch(self, fd: int, handler: Callable[[], None]) -> None:
        self._handlers[fd] = handler
        self._poll.register(fd, select.POLLIN)

    def unwatch(self, fd: int) -> None:
        self._poll.unregister(fd)
        del self._handlers[fd]

    def serve(self) -> None:
        while not self.closed:
            self.step()

    def step(self) -> None:
        for fd, _ in self._poll.poll():
            if fd in self._handlers:  # an earlier handler may have dropped it
                self._handlers[fd]()

    def _woken(self) -> None:
        os.read(self._wakeup, 4096)
        self.reap()

    # Jobs

    def accept(self) -> None:
        """Take one job from the control socket; the end of the stream is the end of us."""
        message = wire.receive_with_fds(self.control, wire.HEADER_BYTES)
        if message is None:
            self.closed = True
            return
        packed, fds = message
        self.take(wire.JobHeader.unpack(packed), child.Descriptors(*fds))

    def take(self, header: wire.JobHeader, fds: child.Descriptors) -> None:
        """Give the job to a new child."""
        uid = self.next_user()
        pid = self.fork()
        if pid == 0:
            child.main(header, fds, self.recipe, uid)  # never returns
        self.started(pid, fds)

    def next_user(self) -> int:
        self._forked += 1
        return self._uid_base + self._forked % USERS if self._uid_base else 0

    def fork(self) -> int:
        return lockdown.fork_into_namespace() if self.recipe.namespaces else os.fork()

    def started(self, pid: int, fds: child.Descriptors, cpu: float = 0.0) -> None:
        """Remember a child that has its job, and tell the judge with a handle to kill it by."""
        self.children[pid] = fds.status
        with socket.socket(fileno=os.dup(fds.status)) as status, contextlib.suppress(OSError):
            handles = [os.pidfd_open(pid)] if hasattr(os, "pidfd_open") else []
            socket.send_fds(status, [wire.Started(pid, cpu).pack()], handles)
            for handle in handles:
                os.close(handle)
        for fd in (fds.payload, fds.frames, fds.printing):
            os.close(fd)

    def reap(self) -> None:
        """Report every child that has ended."""
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
            end(pid)


def end(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    end_group(pid)


def end_group(pid: int) -> None:
    """Kill what a child left in its process group (matters where it had no pid namespace)."""
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def watch_children() -> int:
    """A descriptor that becomes readable when a child ends."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


# Starting


def load(dotted: str) -> Any:
    module, _, name = dotted.partition(":")
    return getattr(importlib.import_module(module), name)


def import_everything(settings: dict[str, Any]) -> child.Recipe:
    """Import everything, so that no child has to, and settle memory so that forks share it."""
    for name in settings["warm_up"]:
        importlib.import_module(name)
    entry = load(settings["entry"])
    prepare = load(settings["prepare"]) if settings["prepare"] else None
    if "torch" in sys.modules:
        warmup.warm_up()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.collect()
    gc.freeze()
    seccomp = base64.b64decode(settings["seccomp"])
    return child.Recipe(entry, settings["namespaces"], seccomp, prepare, settings["cuda"])


def make(control: socket.socket, recipe: child.Recipe, settings: dict[str, Any]) -> Zygote:
    if recipe.prepare is None:
        return Zygote(control, recipe, settings["uid_base"])
    from verifiers.nursery import Nursery

    nursery = Nursery(control, recipe, settings["uid_base"], settings["workers"])
    nursery.wait_for_the_first()
    return nursery


def main(control_fd: int) -> None:
    """Serve the judge at the other end of the control socket until it closes."""
    control = socket.socket(fileno=control_fd)
    settings = wire.receive_json(control)
    recipe = import_everything(settings)
    wire.send_json(control, "imported")
    lockdown.gather_pages(wire.receive_json(control))
    zygote = make(control, recipe, settings)
    wire.send_json(control, "ready")
    try:
        zygote.serve()
    finally:
        zygote.end_all()
