"""Judge every bad submission, each followed by an honest one, and say how it went as JSON lines.

A script of its own, so that a test can run it as another user. The first line tells who we are.
"""

import itertools
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from drills.catalogue import get_drill
from verifiers.judge import Judge
from verifiers.sandbox import Sandbox

CORPUS = Path(__file__).parent.parent / "hostile"
WORKERS = 2
MOST_GROWTH = 8.0  # MiB over some 400 submissions


def main() -> None:
    spec = get_drill("softmax_temperature").spec
    honest = spec.reference_path.read_bytes()
    sandbox = Sandbox(workers=WORKERS)
    sandbox.start()
    resident = sandbox._resident.pid
    before = resident_mib(resident)
    print(json.dumps({"user": os.geteuid()}), flush=True)

    def judge_both(number: int, path: Path) -> str:
        seed = number // 20  # the reference runs once for twenty
        source = path.read_bytes()
        endless = source.startswith(b"# expect: time_limit")
        hasty = replace(spec, time_limit=1.0 if endless else 4.0)
        bad = judge.judge(hasty, source, seed=seed, diagnose=False)
        good = judge.judge(spec, honest, seed=seed, diagnose=False)
        return json.dumps({"file": path.name, "verdict": bad.verdict, "neighbour": good.verdict})

    with Judge(sandbox) as judge, ThreadPoolExecutor(WORKERS) as pool:
        for line in pool.map(judge_both, itertools.count(), sorted(CORPUS.glob("*.py"))):
            print(line, flush=True)
        children = Path(f"/proc/{resident}/task/{resident}/children").read_text().split()
        kept = sandbox._resident.pid == resident
        grown = resident_mib(resident) - before > MOST_GROWTH
        last = {"children": children, "resident_kept": kept, "resident_grown": grown}
        print(json.dumps(last), flush=True)


def resident_mib(pid: int) -> float:
    """Memory of a process that is in use, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
