"""What this machine offers Whetstone: the findings behind `doctor`. Nothing slow is imported."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.gpu import DriverError, gpus
from app.i18n import t
from app.store import Store, StoreError

REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"
TESTS_BEGIN = "# Tests and lint"
OLDEST_PYTHON = (3, 11)
GIB = 2**30

State = Literal["ok", "weaker", "broken"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `weaker` works with less; `broken` keeps Whetstone from its work."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def findings() -> Iterator[Finding]:
    """Everything that can be found out in well under a second, as it is found out."""
    yield python()
    yield packages()
    yield graphics()
    yield from protections()
    yield content()
    yield database()


def python() -> Finding:
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", "broken", version, t("health.python_old"))
    return Finding("Python", "ok", f"{version}, {platform.system()} {platform.machine()}")


def packages(requirements: str = "") -> Finding:
    """Whether what the product needs is installed, and in the versions it was tested with."""
    text = requirements or REQUIREMENTS.read_text(encoding="utf-8")
    pins = pinned(text.split(TESTS_BEGIN)[0])
    found = {name: _installed(name) for name in pins}
    missing = [name for name, version in found.items() if version is None]
    if missing:
        detail = t("health.missing", packages=", ".join(missing))
        return Finding("packages", "broken", detail, t("health.install"))
    other = [
        t("health.other_version", name=name, found=found[name], pinned=pins[name])
        for name in pins
        if found[name] != pins[name]
    ]
    if other:
        return Finding("packages", "weaker", t("health.untested", packages="; ".join(other)))
    main = [f"{name} {found[name]}" for name in ("torch", "streamlit", "duckdb") if name in found]
    detail = t("health.as_pinned", count=len(pins), packages=", ".join([*main, "…"]))
    return Finding("packages", "ok", detail)


def pinned(requirements: str) -> dict[str, str]:
    """The pinned packages that this platform needs, name to version."""
    pins: dict[str, str] = {}
    for line in requirements.splitlines():
        match = re.match(r"([\w.-]+)==([\w.]+)(?:; sys_platform == \"(\w+)\")?", line)
        if match and match[3] in (None, sys.platform):
            pins[match[1]] = match[2]
    return pins


def graphics() -> Finding:
    try:
        devices = gpus()
    except DriverError as error:
        return Finding("GPU", "weaker", t("health.no_driver", reason=error))
    if not devices:
        return Finding("GPU", "ok", t("health.no_gpu"))
    names = ", ".join(f"{one.name} ({one.memory / GIB:.0f} GiB)" for one in devices)
    if "+cpu" in _torch_build():
        detail = t("health.cpu_torch", gpus=names)
        return Finding("GPU", "weaker", detail, t("health.install_cuda"))
    return Finding("GPU", "ok", names)


def protections() -> Iterator[Finding]:
    """What keeps a submission away from the rest of this machine."""
    from verifiers.isolation import isolation

    for protection in isolation().protections:
        state: State = "ok" if protection.active else "weaker"
        yield Finding(f"sandbox: {protection.name}", state, protection.sentence, protection.remedy)


def content() -> Finding:
    from drills.catalogue import all_drills
    from question_bank.catalogue import all_questions
    from topics.catalogue import all_lessons

    try:
        drills, lessons, questions = len(all_drills()), len(all_lessons()), len(all_questions())
        detail = t("health.content", drills=drills, lessons=lessons, questions=questions)
        return Finding("content", "ok", detail)
    except Exception as error:  # whatever is wrong with a content file, it should be said here
        return Finding("content", "broken", str(error), t("health.restore"))


def database() -> Finding:
    with Store.open() as store:
        try:
            held = store.inventory()
        except StoreError as error:
            return Finding("progress", "broken", str(error))
    rows = [
        t(f"health.rows.{table}", count=count) for table, count in held.records.items() if count
    ]
    what = ", ".join(rows) or t("health.nothing_recorded")
    detail = f"{held.path} ({held.size / 2**20:.1f} MiB): {what}"
    if held.set_aside:
        folder = held.path.parent / "spool"
        remedy = t("health.set_aside", folder=folder, count=held.set_aside)
        return Finding("progress", "weaker", detail, remedy)
    return Finding("progress", "ok", detail)


def judging() -> Finding:
    """Judge one reference solution, which starts the judge: some seconds."""
    from drills.catalogue import all_drills
    from verifiers.service import JudgeService

    drill = next(iter(all_drills().values()))
    with JudgeService() as service:
        verdict = service.judge(drill.spec, drill.reference)
    if verdict.passed:
        return Finding("judge", "ok", f"judged {drill.id} in {verdict.wall_ms:.0f} ms")
    return Finding("judge", "broken", f"{drill.id}: {verdict.verdict}. {verdict.message}")


def _installed(name: str) -> str | None:
    """The version without its build (`2.13.0` of `2.13.0+cpu`), or None."""
    try:
        return importlib.metadata.version(name).split("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def _torch_build() -> str:
    """The version of torch with its build, read from its file because importing it is slow."""
    try:
        folder = importlib.metadata.distribution("torch").locate_file("torch/version.py")
        found = re.search(r"__version__ = '([^']*)'", Path(str(folder)).read_text(encoding="utf-8"))
    except (importlib.metadata.PackageNotFoundError, OSError):
        return ""
    return found[1] if found else ""
