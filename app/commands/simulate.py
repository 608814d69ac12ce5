"""`simulate`: the parallelism lab in the terminal."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

HELP = "Simulates pipeline schedules, data, tensor, sequence and expert parallelism."

USAGE = "%(prog)s [--schedule NAME | --parallel KIND | --input FILE] [--OPTION VALUE …]"

DESCRIPTION = """\
Simulates a training step: who computes and sends what, and when.

  simulate --schedule 1f1b --stages 4 --micro-batches 8
  simulate --schedule zb-h1 --stages 8 --micro-batches 24 --forward 18.5 --backward-input 18.1 \\
      --backward-weight 9.3 --comm 0.6 --json
  simulate --parallel zero --zero 3 --dp 64 --params 7e9 --gpus 8,64,512,4096
  simulate --parallel tp --tp 8 --hidden 8192 --heads 64 --seq 4096
  simulate --parallel plan --dp 16 --tp 8 --pp 4 --global-batch 512 --layers 80 --json
"""

EPILOG = """\
Several numbers are written with commas or spaces: --forward 1,1,1.2,1 for four uneven stages.
A LINK is one of the names that a wrong one lists, or GB_PER_SECOND:MICROSECONDS such as 50:5.

--input FILE reads one JSON object with the same names as keys: {"schedule": "1f1b", "stages": 4,
"micro-batches": 8, "forward": [1, 1, 1.2, 1]}. FILE may be -. Options on the command line win.
Case, hyphens and underscores do not matter, and the usual other names work too, in a file and as
options: p, m, v, t_f, t_b, t_w, t_comm; n_stages, num_micro_batches, hidden_size, seq_len and more.
t_b is both halves of the backward, or its input gradient alone where t_w is given.

--json prints one object with
  makespan, step_time         first start to last end; longest span of one rank
  bubble_time                 of a pipeline: step_time without the busiest rank's computing
  bubble_over_ideal           idle time over computing time, (p-1)/m for 1F1B
  bubble_over_wall            idle time over time on the clock, (p-1)/(m+p-1) for 1F1B
  peak_live_micro_batches     by rank: forwards whose backward has not ended; 1/v for a chunk of v
  bytes_sent_per_rank         by collective, and "total", in a step (forward and backward of all
                              --layers): the busiest rank
  timeline                    every operation with rank, start and end
  memory_over_time            of a pipeline, by rank: bytes from each time to the next
and more that belongs to the kind of parallelism. The bubbles are by step_time. The bubble rate of
the zero-bubble papers, (step_time - m(F+B+W)) / step_time, is bubble_over_wall: a step there is the
longest that one rank takes from its first operation to its last, for the ranks may start shifted.
makespan_bubble_over_ideal and _wall are by makespan; for GPipe and 1F1B both are the same.
For dp, zero, tp, sp and ep the bubble is the time in which a rank waits for communication or for a
slower rank.
"""

# Groups of (option, metavar, help). Values are read by topics.labs.parallel.
OPTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "pipeline (--parallel pp, the default)": (
        ("schedule", "NAME", "gpipe, 1f1b (default), interleaved, zb-h1, zb-h2, zb-v, looped-bfs "
         "or dualpipe-v"),
        ("stages", "P", "ranks of the pipeline (4)"),
        ("micro-batches", "M", "micro-batches of a step (8; dp and zero: 1)"),
        ("chunks", "V", "model chunks per rank (as the schedule needs)"),
        ("forward", "T,T…", "a micro-batch's forward on one rank's layers (1); with V chunks "
         "each takes T/V; or one per rank, or one per chunk in the order of the layers"),
        ("backward-input", "T,T…", "gradient of the input (1)"),
        ("backward-weight", "T,T…", "gradient of the weights (1)"),
        ("backward", "T,T…", "both gradients together, instead of the two above"),
        ("comm", "T,T…", "from one rank to the next (0); or one per hop"),
        ("activation-bytes", "X,X…", "kept per micro-batch and rank until its backward "
         "(34·batch·seq·hidden·layers/stages)"),
        ("held-fraction", "X", "share of it kept from input to weight gradient (32/34)"),
        ("static-bytes", "X,X…", "weights, gradients and optimiser of a rank (0)"),
        ("message-bytes", "X", "crossing a boundary per micro-batch (batch·seq·hidden·dtype)"),
    ),
    "groups (--parallel dp, zero, tp, sp, ep) and plan": (
        ("dp", "D", "data-parallel ranks (8)"),
        ("tp", "T", "tensor-parallel ranks (8; plan: 1)"),
        ("pp", "P", "pipeline stages of a plan (1)"),
        ("sp", "S", "sequence-parallel ranks (8); alone: --sequence-parallel yes"),
        ("ep", "E", "expert-parallel ranks (8)"),
        ("ranks", "N", "size of the group, whatever its kind"),
        ("zero", "0..3", "ZeRO stage (dp: 0, zero and plan: 1)"),
        ("gpus", "N,N…", "also simulate these numbers of GPUs: a scaling curve"),
        ("scaling", "KIND", "of a plan: weak (batch grows with the GPUs) or strong"),
    ),
    "model and arithmetic": (
        ("params", "N", "parameters, for dp and zero: 7e9 or 7B (7e9)"),
        ("layers", "L", "layers (32; ep: 1); for a pipeline: checked to divide over the stages"),
        ("hidden", "H", "model width (4096)"),
        ("heads", "N", "attention heads (32)"),
        ("kv-heads", "N", "key-value heads (as many as heads)"),
        ("ffn", "N", "feed-forward width (4·hidden; gated 8/3·hidden, as LLaMA; ep: 1536)"),
        ("gated", "yes|no", "gated feed-forward, as SwiGLU (yes)"),
        ("vocab", "N", "vocabulary (32000)"),
        ("seq", "S", "tokens of a sequence (4096)"),
        ("batch", "B", "sequences of a micro-batch (1)"),
        ("global-batch", "B", "sequences of a step of a plan (64)"),
        ("dtype-bytes", "X", "bytes of a weight or activation, or bf16, fp32 … (2)"),
        ("grad-bytes", "X", "bytes of a gradient, or bf16, fp32 … (2)"),
        ("optimizer-bytes", "X", "bytes of optimiser state per parameter (12)"),
        ("tflops", "X", "what one GPU really achieves, TFLOP/s (400)"),
        ("optimizer-time", "T", "seconds to update all parameters (0)"),
        ("recompute", "yes|no", "recompute activations in the backward of a plan (no)"),
    ),
    "how it communicates": (
        ("bucket-mib", "X", "size of a gradient bucket, MiB (25)"),
        ("overlap", "yes|no", "communicate while computing (yes)"),
        ("prefetch", "N", "layers that ZeRO-3 fetches ahead (1)"),
        ("sequence-parallel", "yes|no", "tp with sequence parallelism (tp: no, plan: yes)"),
        ("fused-inputs", "yes|no", "q, k, v share one collective (yes)"),
        ("regather", "yes|no", "gather layer inputs again for the weight gradient (no)"),
        ("sp-kind", "KIND", "megatron, ulysses or ring (megatron)"),
        ("experts", "N", "experts (64)"),
        ("top-k", "K", "experts per token (2)"),
        ("tokens", "N", "tokens per rank, for ep (4096)"),
        ("imbalance", "X", "load of the hottest rank over the average (1)"),
        ("capacity-factor", "X", "drop what exceeds so many times the average (nothing)"),
        ("op", "NAME", "for --parallel collective: all_reduce, all_gather, …"),
        ("bytes", "X", "its payload (2**30)"),
        ("algorithm", "NAME", "ring, tree, double-tree, recursive, hierarchical, direct "
         "or auto, the fastest (default)"),
        ("gpus-per-node", "N", "GPUs of a node (8)"),
        ("intra", "LINK", "link inside a node (nvlink-h100)"),
        ("inter", "LINK", "link between nodes, per GPU (ib-ndr-400g)"),
    ),
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage, parser.description, parser.epilog = USAGE, DESCRIPTION, EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--parallel",
        metavar="KIND",
        help="pp (default), dp, zero, tp, sp, ep, plan (dp, tp and pp together) or collective",
    )
    for title, options in OPTIONS.items():
        group = parser.add_argument_group(title)
        for name, metavar, text in options:
            group.add_argument(f"--{name}", help=text, **_arity(metavar))
    _add_other_spellings(parser)
    parser.add_argument("--input", metavar="FILE", help="read the options from a JSON file")
    parser.add_argument(
        "--timeline",
        metavar="N",
        type=int,
        default=200_000,
        help="leave a longer timeline out of --json (200000 operations)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _arity(metavar: str) -> dict[str, Any]:
    """How many words an option takes: several numbers, or for a switch none, which says yes."""
    if "," in metavar:
        return {"nargs": "+", "metavar": (metavar[0], metavar[0])}
    bare = metavar in ("yes|no", "S")
    return {"nargs": "?", "const": "yes", "metavar": metavar} if bare else {"metavar": metavar}


def _add_other_spellings(parser: argparse.ArgumentParser) -> None:
    """Every name that a file may use works as an option too, unlisted."""
    from topics.labs.parallel.spellings import ALIASES, T_B

    listed = {name: metavar for options in OPTIONS.values() for name, metavar, _ in options}
    spellings = {**{name: name for name in listed}, **ALIASES, T_B: T_B}
    flags = {
        flag: name
        for alias, name in spellings.items()
        for flag in (alias, alias.replace("-", "_"), alias.replace("-", ""))
    }
    for flag, name in flags.items():
        if flag not in listed:
            parser.add_argument(
                f"--{flag}",
                dest=name.replace("-", "_"),
                help=argparse.SUPPRESS,
                **_arity(listed.get(name, "T,T…")),
            )


def run(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 with a message for settings that cannot be simulated."""
    from app.errors import UsageError
    from topics.labs.parallel import request
    from topics.labs.parallel.errors import SettingError
    from topics.labs.parallel.spellings import over

    given = {name: value for name, value in vars(args).items() if value is not None}
    max_events, wants_json = given.pop("timeline"), given.pop("json")
    values = _from_file(given.pop("input")) if "input" in given else {}
    wants_json |= bool(values.pop("json", False))
    try:
        answer = request.run(over(values, given))
    except SettingError as error:
        raise UsageError(str(error)) from error
    except MemoryError:
        raise UsageError("This does not fit in memory: use fewer micro-batches or ranks.") from None
    if wants_json:
        from topics.labs.parallel.report import as_json

        found = as_json(answer, max_events)
        print(json.dumps(found, ensure_ascii=False))
        _say_what_is_left_out(found.get("timeline_left_out"))
    else:
        from topics.labs.parallel.report_text import as_text

        print(as_text(answer, shutil.get_terminal_size((100, 24)).columns))
    return 0


def _from_file(name: str) -> dict[str, object]:
    """The options in a JSON file, names with underscores."""
    from app.errors import UsageError

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        found = json.loads(text)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f"{name} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f'{name} holds no JSON object: write {{"schedule": "1f1b", …}}')
    return found


def _say_what_is_left_out(events: object) -> None:
    if events:
        print(
            f"The timeline has {events:,} operations and was left out; --timeline {events} "
            "prints them.",
            file=sys.stderr,
        )
