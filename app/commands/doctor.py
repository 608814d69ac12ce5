"""`doctor`: what this machine offers, and what is wrong with it."""

from __future__ import annotations

import argparse
import dataclasses
import json

HELP = "Says what this machine offers: versions, GPU, isolation, progress."
MARKS = {"ok": ("✓", "green"), "weaker": ("!", "yellow"), "broken": ("✗", "red")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--judge", action="store_true", help="also judge a known solution")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(args: argparse.Namespace) -> int:
    """0 where everything essential works, else 1."""
    from app import health

    found = list(health.findings())
    if args.judge:
        found.append(health.judging())
    broken = any(finding.state == "broken" for finding in found)
    if args.json:
        listed = [dataclasses.asdict(finding) for finding in found]
        print(json.dumps({"ok": not broken, "findings": listed}, indent=2, ensure_ascii=False))
    else:
        _print(found)
    return 1 if broken else 0


def _print(found: list) -> None:
    from app.terminal import console, plain

    screen = console()
    for finding in found:
        mark, style = MARKS[finding.state]
        screen.print(plain(f"{mark} {finding.name}: ", style), plain(finding.detail), sep="")
        if finding.remedy:
            screen.print(plain(f"  {finding.remedy}"), style="dim")
