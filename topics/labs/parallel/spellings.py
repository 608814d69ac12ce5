"""Other names for the options of `simulate`: those of papers, of Megatron-LM and of PyTorch.

Case, hyphens and underscores never matter, neither in a name nor in a choice.
"""

from __future__ import annotations

from collections.abc import Mapping

from topics.labs.parallel.errors import SettingError

ALIASES: dict[str, str] = {
    alias: name
    for name, aliases in {
        "stages": "p n-stages num-stages pp-size pipeline-parallel-size",
        "micro-batches": "m n-micro-batches num-micro-batches n-microbatches num-microbatches",
        "chunks": "v n-chunks num-chunks num-model-chunks stages-per-rank",
        "forward": "t-f forward-time",
        "backward": "backward-time",
        "backward-input": "b-input backward-input-time",
        "backward-weight": "t-w w-time backward-weight-time",
        "comm": "t-comm comm-time",
        "ranks": "n n-ranks num-ranks world-size",
        "dp": "dp-size data-parallel-size",
        "tp": "tp-size tensor-parallel-size",
        "ep": "ep-size expert-parallel-size",
        "zero": "zero-stage",
        "params": "n-params num-params parameters",
        "layers": "n-layers num-layers",
        "hidden": "hidden-size d-model",
        "heads": "n-heads num-heads",
        "kv-heads": "n-kv-heads num-kv-heads",
        "ffn": "ffn-hidden ffn-hidden-size intermediate-size",
        "seq": "seq-len seq-length sequence-length",
        "batch": "micro-batch-size",
        "global-batch": "global-batch-size",
        "experts": "n-experts num-experts",
        "tokens": "n-tokens tokens-per-rank",
        "op": "collective",
        "bytes": "payload n-bytes",
        "algorithm": "algo",
        "dtype-bytes": "dtype weights",
        "grad-bytes": "grads grad-dtype",
    }.items()
    for alias in aliases.split()
}
# B is both halves of the backward for 1F1B and its input gradient alone where W stands beside it.
T_B = "t-b"

KINDS = {
    "pipeline": "pp",
    "data": "dp",
    "ddp": "dp",
    "tensor": "tp",
    "sequence": "sp",
    "expert": "ep",
    "experts": "ep",
    "moe": "ep",
    "collectives": "collective",
}
DTYPE_BYTES = {
    "fp32": 4.0, "float32": 4.0, "bf16": 2.0, "bfloat16": 2.0, "fp16": 2.0, "float16": 2.0,
    "fp8": 1.0, "int8": 1.0,
}  # fmt: skip


def squash(name: str) -> str:
    """`name` without what never matters: case, hyphens, underscores, spaces."""
    return "".join(letter for letter in name.lower() if letter not in "-_ ")


def canonical(values: Mapping[str, object]) -> dict[str, tuple[str, object]]:
    """By squashed option name: how it was written, and the value. None means "not given".

    Raises SettingError where one setting is given twice, with two values.
    """
    names = {squash(alias): squash(name) for alias, name in ALIASES.items()}
    given = {key: value for key, value in values.items() if value is not None}
    split = any(names.get(squash(key), squash(key)) == "backwardweight" for key in given)
    names[squash(T_B)] = "backwardinput" if split else "backward"
    found: dict[str, tuple[str, object]] = {}
    for written, value in given.items():
        name = names.get(squash(written), squash(written))
        if name in found and found[name][1] != value:
            raise SettingError(
                f"{written} and {found[name][0]} are one setting with two values: give one of them."
            )
        found[name] = (written, value)
    return found


def over(lower: Mapping[str, object], upper: Mapping[str, object]) -> dict[str, object]:
    """Both together; where they give the same setting, under whatever name, `upper` wins."""
    taken = canonical(upper)
    kept = canonical(lower).items()
    return {written: value for name, (written, value) in kept if name not in taken} | dict(upper)


def spelled(value: str, known: list[str], also: Mapping[str, str] | None = None) -> str:
    """The one of `known` that `value` spells in its own way, or `value`, lower case."""
    names = {squash(name): name for name in known}
    names |= {squash(alias): name for alias, name in (also or {}).items()}
    return names.get(squash(value), value.lower())
