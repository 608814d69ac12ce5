"""The entry of the sandbox's own tests: run the payload as Python, with `send` in scope."""

from collections.abc import Callable


def main(payload: bytes, send: Callable[[bytes], None]) -> None:
    exec(compile(payload, "payload.py", "exec"), {"send": send})


def length(payload: bytes, send: Callable[[bytes], None]) -> None:
    """Say how long the payload is, and how it ends."""
    send(str(len(payload)).encode())
    send(payload[-4:])
