"""What the tests of the engine share: small drills, made on the spot."""

from __future__ import annotations

import textwrap
from pathlib import Path

from verifiers.spec import DrillSpec


def make_drill(
    folder: Path,
    *,
    checks: str,
    reference: str,
    mistakes: str = "",
    entry: str = "solve",
    forbidden: tuple[str, ...] = (),
    time_limit: float = 5.0,
    memory_mib: int = 512,
) -> DrillSpec:
    """Write a drill's files into a folder and describe it."""
    folder.mkdir(parents=True, exist_ok=True)
    header = "import torch\nimport numpy as np\nfrom verifiers.checks import Case, check, observe\n"
    texts = {"checks.py": header + textwrap.dedent(checks), "reference.py": reference}
    for name, text in {**texts, "mistakes.py": mistakes, "starter.py": ""}.items():
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    return DrillSpec(
        folder.name, folder, entry, forbidden, time_limit=time_limit, memory_mib=memory_mib
    )
