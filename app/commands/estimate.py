"""`estimate`: the memory and cost lab in the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topics.labs.memory.setting import Setting

HELP = "Estimates memory, parameters, FLOPs, time and money of a model."

USAGE = "%(prog)s (--model PRESET|config.json | --params N | --input FILE) [--OPTION VALUE …]"

DESCRIPTION = """\
Says what a model needs: memory per GPU line by line with formulas, parameters, FLOPs, KV cache,
and on a given card time and money.

  estimate --model llama-3-8b --method lora --rank 16 --batch 4 --seq 2048 --gpu RTX-4090
  estimate --model config.json --activations huggingface --attention sdpa --batch 8 --json
  estimate --params 7.5B --dp 64 --zero 2
  estimate --model gpt-3-175b --dp 8 --tp 8 --pp 16 --sp --recompute selective --gpu A100-80GB \\
      --tokens 300B
  estimate --model qwen2.5-7b --mode inference --batch 32 --seq 8192 --kv-dtype fp8 --gpu L40S
  estimate --model llama-3-8b --method qlora --gpu RTX-4090 --solve seq
"""

EPILOG = """\
DTYPE is fp32, bf16, fp16, fp8, int8, int4 or nf4. Numbers may end in K, M, B or T, sizes in GB or
GiB.

--input FILE reads one JSON object with the same names as keys: {"model": "llama-3-8b", "method":
"lora", "rank": 16, "batch": 4}. "model" may be a preset, a path, or the config itself as an
object; its sizes may also stand among the options: {"hidden": 4096, "layers": 32, "heads": 32,
"vocab": 32000, "arch": "llama", "ffn": 11008}. Other names that trainers and papers use are
understood (zero_stage, target_modules, r, batch_size, seq_len, torch_dtype, optim,
gradient_checkpointing, attn_implementation, weight_bytes and more), and so are models and cards as
the hub and nvidia-smi spell them. FILE may be -. Options on the command line win.

--solve answers an inverse question for the card (--gpu) or the --memory given: the largest batch,
the longest seq, the fewest gpus, the largest params, or plan, the cheapest cards that hold it.

--json prints one object with
  parameters      total, active (per token), trainable, non_embedding, adapters
  per_gpu_bytes   weights, gradients, optimizer, activations, logits, kv_cache, temporary,
                  overhead: full sizes; total: the most that is allocated at once
  at_peak         the same when that is, with the moment's name
  flops           per_token, per_step, total for --tokens (exact matrix products), hardware_*
                  with recomputation, six_nd (6ND, or 2ND in inference)
  kv_cache        bytes_per_token, total for batch × seq, per_gpu
  lines           each amount with its formula, its numbers and its source
  cost, fit       with --gpu: seconds, days, gpu_hours, money, mfu; needed, memory, fits
  solve           with --solve: question, answer, plans
"""

ENDS = (
    ("model", "PRESET|FILE", "a published model (--list shows them) or a path to a config.json"),
    ("params", "N", "only the number of parameters: 7B"),
    ("gpus", "N", "all GPUs together; sets --dp"),
    ("global-batch", "B", "sequences per step over all GPUs; sets --accumulate"),
    ("requests", "N", "concurrent requests: --batch under the name that inference uses"),
    ("trainable-layers", "N", "with freeze: how many last blocks are trained"),
    ("step-time", "S", "measured seconds per step: shows the MFU that this amounts to"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from topics.labs.memory.request import OPTIONS

    parser.usage, parser.description, parser.epilog = USAGE, DESCRIPTION, EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    for name, metavar, text in ENDS:
        parser.add_argument(f"--{name}", metavar=metavar, help=text)
    for title, options in OPTIONS.items():
        group = parser.add_argument_group(title)
        for option in options:
            group.add_argument(f"--{option.name}", metavar=option.metavar, help=option.help)
        if title.startswith("parallelism"):
            group.add_argument(
                "--sp",
                nargs="?",
                const="yes",
                metavar="N",
                help="Megatron's sequence parallelism, over the tp ranks (N without tp: --cp)",
            )
    parser.add_argument("--solve", metavar="WHAT", help="batch, seq, gpus, params or plan")
    parser.add_argument("--input", metavar="FILE", help="read the options from a JSON file")
    parser.add_argument("--list", action="store_true", help="list the presets")
    parser.add_argument("--list-gpus", action="store_true", help="list the cards")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 with a message for a setting that cannot be."""
    from app.errors import UsageError
    from topics.labs.memory.units import SettingError

    given = {name: value for name, value in vars(args).items() if value is not None}
    wants_json = bool(given.pop("json", False))
    lists = {name: given.pop(name, False) for name in ("list", "list_gpus")}
    try:
        if any(lists.values()):
            return _print_lists(lists["list"], wants_json)
        values = _from_file(given.pop("input")) if "input" in given else {}
        wants_json |= bool(values.pop("json", False))
        return _answer({**values, **given}, wants_json)
    except SettingError as error:
        raise UsageError(str(error)) from error


def _answer(values: dict[str, Any], wants_json: bool) -> int:
    from topics.labs.memory.request import setting_from

    question = values.pop("solve", None)
    setting = setting_from(values)
    if question:
        return _solve(str(question), setting, wants_json)
    from topics.labs.memory.estimate import estimate

    answer = estimate(setting)
    if wants_json:
        from topics.labs.memory.report import as_json

        _print_json(as_json(answer))
    else:
        from topics.labs.memory.report_text import as_text

        print(as_text(answer))
    return 0


def _solve(question: str, setting: Setting, wants_json: bool) -> int:
    from topics.labs.memory.inverse import solve

    found = solve(question, setting)
    if wants_json:
        from topics.labs.memory.report import as_json, solution_json

        rest = as_json(found.estimate) if found.estimate else {}
        _print_json({"solve": solution_json(found), **rest})
        return 0
    from topics.labs.memory.report_text import as_text, plans_text

    print(found.text)
    if len(found.plans) > 1:
        print("\n" + plans_text(list(found.plans)))
    elif found.estimate:
        print("\n" + as_text(found.estimate))
    return 0


def _from_file(name: str) -> dict[str, Any]:
    from app.errors import UsageError

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        found = json.loads(text)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f"{name} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f'{name} holds no JSON object: write {{"model": "llama-3-8b", …}}')
    return {key.replace("-", "_"): value for key, value in found.items()}


def _print_lists(presets: bool, wants_json: bool) -> int:
    from topics.labs.memory.cards import all_cards
    from topics.labs.memory.presets import all_presets

    if wants_json:
        _print_json({"presets": list(all_presets()), "cards": list(all_cards())})
    elif presets:
        _print_presets()
    else:
        for card in all_cards().values():
            peak = card.peak_flops() / 1e12
            print(f"{card.name:<16} {card.memory_gb:>4} GB  {peak:>6,.0f} TFLOP/s  {card.source}")
    return 0


def _print_presets() -> None:
    from topics.labs.memory.counts import total_params
    from topics.labs.memory.presets import all_presets, preset
    from topics.labs.memory.units import format_count

    family = ""
    for found in all_presets().values():
        if found.family != family:
            family = found.family
            print(f"{family}:")
        print(f"  {found.name:<24} {format_count(total_params(preset(found.name))):>8}")


def _print_json(found: dict[str, Any]) -> None:
    print(json.dumps(found, ensure_ascii=False, default=list))
