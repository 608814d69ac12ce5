"""The entry of the sandbox's own tests: run the payload as Python, with `send` in scope."""

import threading
import time
from collections.abc import Callable

STATE: list[str] = []
GO, ANSWER = threading.Event(), []


def main(payload: bytes, send: Callable[[bytes], None]) -> None:
    exec(compile(payload, "payload.py", "exec"), {"send": send, "STATE": STATE})


def length(payload: bytes, send: Callable[[bytes], None]) -> None:
    """Say how long the payload is, and how it ends."""
    send(str(len(payload)).encode())
    send(payload[-4:])


# What children do before their job, as CUDA's do


def prepare() -> Callable[[int], None]:
    STATE.append("prepared")
    return lambda memory: STATE.append(f"may use {memory}")


def prepare_slowly() -> Callable[[int], None]:
    """Takes CPU time and wall time, neither of which is the job's."""
    end = time.process_time() + 1.2
    while time.process_time() < end:
        pass
    return prepare()


def prepare_a_thread() -> Callable[[int], None]:
    """A driver's thread, started before the filter is installed; it tries a socket when told."""

    def try_a_socket() -> None:
        import socket

        GO.wait()
        try:
            socket.socket()
            ANSWER.append("made a socket")
        except PermissionError:
            ANSWER.append("refused")

    threading.Thread(target=try_a_socket, daemon=True).start()
    return prepare()


def fail_to_prepare() -> Callable[[int], None]:
    raise RuntimeError("no kernel image is available for this card")


def fail_before_the_job() -> Callable[[int], None]:
    def before_job(memory: int) -> None:
        raise OSError("no memory to give")

    return before_job
