"""`python -m app`: the web app on its own, a command with a name.

Here are the rules all commands share: results on stdout, messages on stderr, one clear message
instead of a traceback. Exit statuses: 0 passed or done, 1 not passed, 2 wrong usage or something
the learner can put right, 3 our fault, 130 for Ctrl+C, 141 when the reader of stdout has left.
"""

from __future__ import annotations

import argparse
import difflib
import io
import os
import sys
import traceback
from collections.abc import Callable

from app import commands
from app.errors import LearnerError

DONE, NOT_PASSED, USAGE, OUR_FAULT = 0, 1, 2, 3
INTERRUPTED, READER_LEFT = 130, 141


def main(arguments: list[str] | None = None) -> int:
    """Run what the arguments ask for; the exit status. Never raises."""
    given = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without ✓ gets ?, not an error
            stream.reconfigure(errors="replace")
    try:
        status = _guard(lambda: _dispatch(given))
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    return status


def _dispatch(arguments: list[str]) -> int:
    if arguments and arguments[0] in commands.names():
        name, *rest = arguments
        return commands.load(name).run(commands.parser(name).parse_args(rest))
    args = _web_parser(with_commands=not _starts_web(arguments)).parse_args(arguments)
    if args.command:
        raise LearnerError(_unknown(args.command))
    from app.serve import serve

    return serve(port=args.port, open_browser=not args.no_browser)


def _starts_web(arguments: list[str]) -> bool:
    return not arguments or arguments[0] in ("--port", "--no-browser")


def _web_parser(with_commands: bool) -> argparse.ArgumentParser:
    """The parser of `python -m app` itself. Listing the commands means importing them all."""
    parser = argparse.ArgumentParser(
        prog="python -m app",
        usage="python -m app [--port PORT] [--no-browser] | python -m app COMMAND …",
        description="Whetstone: get ready for LLM interviews. Alone, it starts the web app.",
        epilog=_listing() if with_commands else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, help="serve the web app on this port")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("command", nargs="?", metavar="COMMAND", help="one of the commands below")
    return parser


def _listing() -> str:
    width = max(map(len, commands.names()))
    lines = [f"  {name:<{width}}  {commands.load(name).HELP}" for name in commands.names()]
    return "\n".join(
        ["commands:", *lines, "", "`python -m app COMMAND --help` says more about one of them."]
    )


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, commands.names(), n=2)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"there is no command {name!r}.{hint} `python -m app --help` lists them all."


def _guard(action: Callable[[], int]) -> int:
    """Turn every way an action can end into an exit status."""
    from drills.catalogue import DrillNotFoundError

    try:
        return action()
    except SystemExit as exit:  # argparse: --help, or a message and status 2
        return exit.code if isinstance(exit.code, int) else USAGE
    except (LearnerError, DrillNotFoundError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        return _our_fault(error)


def _our_fault(error: Exception) -> int:
    if os.environ.get("WHETSTONE_DEBUG"):
        traceback.print_exc()
    print(
        f"Whetstone made a mistake, not you: {type(error).__name__}: {error}\n"
        "Set WHETSTONE_DEBUG=1 and run it again to see where.",
        file=sys.stderr,
    )
    return OUR_FAULT


def _reader_left() -> int:
    """Nobody reads stdout any more (`… | head`): say nothing, here or while shutting down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return READER_LEFT


if __name__ == "__main__":
    sys.exit(main())
