"""A benchmark of the engine: ratios against a fresh interpreter and the in-process floor."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verifiers.bench import BenchReport

HELP = "Measures the engine against a fresh interpreter and against the in-process floor."

DRILLS = (
    "kv_cache_bytes",
    "softmax_temperature",
    "layer_norm",
    "top_p_filter",
    "scaled_dot_product_attention",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=40, help="verdicts per drill (40)")
    parser.add_argument(
        "--submissions", type=int, default=400, help="submissions for the throughput (400)"
    )
    parser.add_argument("--workers", type=int, help="judges side by side (the number of cores)")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    if min(args.repeats, args.submissions, args.workers or 1) < 1:
        print("--repeats, --submissions and --workers must be 1 or more", file=sys.stderr)
        return 2
    from drills.catalogue import get_drill
    from verifiers.audit import submissions_in
    from verifiers.bench import bench

    specs = [get_drill(drill).spec for drill in DRILLS]
    report = bench(
        # Right, and not the reference itself, whose results need no second look.
        [(spec, next(submissions_in(spec, "alternates"))[1]) for spec in specs],
        repeats=args.repeats,
        submissions=args.submissions,
        workers=args.workers,
        progress=lambda text: print(text, file=sys.stderr, flush=True),
    )
    print(json.dumps(report.to_dict()) if args.json else summary(report))
    return 0


def summary(report: BenchReport) -> str:
    lines = [
        "milliseconds per verdict          engine p50   p95   fresh python   floor   "
        "fresh/engine   above floor"
    ]
    lines += [
        f"{row.drill:<34}{row.engine_p50:>10.1f}{row.engine_p95:>6.1f}{row.fresh:>15.0f}"
        f"{row.floor:>8.1f}{row.fresh / row.engine_p50:>14.0f}x"
        f"{row.engine_p50 - row.floor:>12.1f}"
        for row in report.rows
    ]
    lines += [
        f"throughput: {report.per_second:.0f} submissions a second with {report.workers} judges "
        f"({report.throughput_drill})",
        f"memory: {report.child_mib:.1f} MiB of its own per submission in flight, "
        f"{report.resident_mib:.0f} MiB for the resident process, once",
        f"growth over {report.growth_over} submissions: {report.growth_mib:+.1f} MiB",
    ]
    return "\n".join(lines)
