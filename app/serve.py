"""Start the web app: `python -m app` ends up here.

Streamlit's settings and the theme stand in `app/web/.streamlit/config.toml`, which Streamlit
finds beside `main.py`; this file only chooses a free port and says what is going on.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

ADDRESS = "127.0.0.1"  # this machine only: there are no accounts and no passwords
FIRST_PORT = 8501
PORTS_TO_TRY = 50
MAIN = Path(__file__).parent / "web" / "main.py"


class NoFreePortError(OSError):
    """Every port that was tried is taken."""


def serve(
    port: int | None = None, open_browser: bool = True, extra_args: Sequence[str] = ()
) -> int:
    """Serve the app until it is interrupted; the exit status.

    `port` is where to start looking for a free one. `extra_args` go to `streamlit run` as they are.
    """
    wanted = FIRST_PORT if port is None else port
    try:
        chosen = free_port(wanted)
    except (NoFreePortError, OverflowError) as error:
        print(f"Whetstone cannot start: {error}", file=sys.stderr)
        return 1
    if chosen != wanted:
        print(f"Port {wanted} is taken, so Whetstone uses {chosen}.", file=sys.stderr)
    print(
        f"Whetstone is at http://{ADDRESS}:{chosen} (Ctrl+C stops it).", file=sys.stderr, flush=True
    )
    return _run_streamlit(chosen, open_browser, extra_args)


def free_port(start: int) -> int:
    """The first free port from `start` on. Raises NoFreePortError after PORTS_TO_TRY of them."""
    for port in range(start, start + PORTS_TO_TRY):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError:  # taken, or not ours to use
                continue
            return port
    raise NoFreePortError(
        f"ports {start} to {start + PORTS_TO_TRY - 1} are taken. Give another with --port."
    )


def _run_streamlit(port: int, open_browser: bool, extra_args: Sequence[str]) -> int:
    """Hand over to Streamlit's own command line, in this process."""
    from streamlit.web import cli

    arguments = [
        "run",
        str(MAIN),
        f"--server.address={ADDRESS}",
        f"--server.port={port}",
        f"--server.headless={'false' if open_browser else 'true'}",
        *extra_args,
    ]
    try:
        cli.main.main(arguments, standalone_mode=False)
    except KeyboardInterrupt:
        return 0
    return 0
