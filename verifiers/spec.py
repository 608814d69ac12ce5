"""What the engine needs to know about a drill in order to judge it. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DrillSpec:
    """Where a drill's code lives and under which limits a submission runs.

    `entry` is the function or class a submission must define. `forbidden` lists dotted names
    (`torch.nn.functional.softmax`, `torch.Tensor.softmax`, or a whole module such as `peft`) whose
    use is banned. Times are seconds, memory is MiB above an idle worker, output is bytes.
    """

    id: str
    folder: Path
    entry: str
    forbidden: tuple[str, ...] = ()
    time_limit: float = 10.0
    memory_mib: int = 1024
    output_bytes: int = 64 * 1024

    @property
    def checks_path(self) -> Path:
        return self.folder / "checks.py"

    @property
    def reference_path(self) -> Path:
        return self.folder / "reference.py"

    @property
    def timing_path(self) -> Path:
        return self.folder / "timing.py"

    @property
    def starter_path(self) -> Path:
        return self.folder / "starter.py"

    @property
    def mistakes_path(self) -> Path:
        return self.folder / "mistakes.py"

    @property
    def alternates_path(self) -> Path:
        return self.folder / "alternates.py"
