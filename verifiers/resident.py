"""The judge's handle on a resident process: start it, send it jobs, end it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from verifiers import confine, syscalls, view, wire
from verifiers.zygote import WARM_UP

START_SECONDS = 120.0  # importing torch on a cold disk


class ResidentLost(Exception):
    """The resident process is dead or does not answer."""


@dataclass(frozen=True)
class Settings:
    """How a resident process is made: what its children run, and what they may import."""

    entry: str
    packages: tuple[str, ...] = view.PACKAGES
    warm_up: tuple[str, ...] = WARM_UP
    namespaces: bool = True
    extra_paths: tuple[Path, ...] = ()  # more folders to import from, bound read-only
    prepare: str = ""  # what children do before their job comes; then they wait for it
    workers: int = 1
    cuda: bool = False


class Resident:
    """One running resident process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with us
        self._control, inner = socket.socketpair()
        with inner:
            self._spawn(inner)
        try:
            self._greet()
        except BaseException:
            self.close()
            raise
        self.baseline = 0 if settings.prepare else self._address_space()

    def _spawn(self, inner: socket.socket) -> None:
        """Start the process, in bwrap or not, and learn which pid runs Python."""
        program = f"from verifiers.zygote import main; main({inner.fileno()})"
        extra = tuple(path.resolve() for path in self.settings.extra_paths)
        if not self.settings.namespaces:
            folders = {p.source.parent for p in view.importable(self.settings.packages)}
            search = [*sorted(folders), Path(__file__).parent.parent, *extra]
            self._process = self._popen(confine.python_command(program, search), inner.fileno())
            self.pid = self._process.pid
            return
        search = [view.INNER / "packages", view.INNER]
        search += [view.extra_folder(number) for number in range(len(extra))]
        told, telling = os.pipe()
        with os.fdopen(told, "rb") as info:
            command = confine.bwrap_command(
                self.settings.packages, extra, cuda=self.settings.cuda, info_fd=telling
            )
            command += confine.python_command(program, search)
            self._process = self._popen(command, inner.fileno(), telling)
            os.close(telling)
            text = info.read()  # bwrap closes its end once the process runs
        self.pid = json.loads(text)["child-pid"] if text else self._process.pid

    def _popen(self, command: list[str], *fds: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=confine.environment(self.settings.cuda),
            cwd="/",
            start_new_session=True,
        )

    def _greet(self) -> None:
        settings = {
            "entry": self.settings.entry,
            "warm_up": self.settings.warm_up,
            "prepare": self.settings.prepare,
            "workers": self.settings.workers,
            "cuda": self.settings.cuda,
            "uid_base": self._users(),
            "namespaces": self.settings.namespaces,
            "seccomp": base64.b64encode(syscalls.compiled(self.settings.namespaces)).decode(),
        }
        self._control.settimeout(START_SECONDS)
        try:
            wire.send_json(self._control, settings)
            wire.receive_json(self._control)
            wire.send_json(self._control, self._anonymous_memory())
            wire.receive_json(self._control)
        except (OSError, EOFError, ValueError) as error:
            raise ResidentLost(f"it did not start: {error}. {self.log()}") from error

    def _users(self) -> int:
        settings = self.settings
        if not settings.namespaces:
            return 0
        return confine.unused_users(settings.packages, settings.extra_paths)

    def _anonymous_memory(self) -> list[tuple[int, int]]:
        """Where the process keeps its own data; it cannot look, for it sees no /proc."""
        with contextlib.suppress(OSError, ValueError):
            lines = Path(f"/proc/{self.pid}/maps").read_text().splitlines()
            return [region for line in lines if (region := _own_data(line))]
        return []

    def log(self) -> str:
        """The end of what the resident process itself printed: why it did not start."""
        self._log.seek(0)
        return self._log.read()[-2000:].decode(errors="replace")

    def _address_space(self) -> int:
        """Bytes of address space an idle child starts with; zero where that cannot be read."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def submit(self, header: wire.JobHeader, fds: list[int]) -> None:
        """Send one job: payload, frame pipe, print pipe, status socket."""
        with self._lock:
            try:
                socket.send_fds(self._control, [header.pack()], fds)
            except OSError as error:
                raise ResidentLost(str(error)) from error

    def close(self) -> None:
        """End the process and everything in it."""
        self._control.close()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._kill()
        self._log.close()

    def _kill(self) -> None:
        """For a process that does not see that its socket closed."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _own_data(line: str) -> tuple[int, int] | None:
    """The addresses of one line of /proc/PID/maps where it is writable and of no file."""
    fields = line.split()
    if fields[1] != "rw-p" or (len(fields) > 5 and fields[5] != "[heap]"):
        return None
    start, end = (int(text, 16) for text in fields[0].split("-"))
    return (start, end)
