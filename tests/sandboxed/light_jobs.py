"""Run a few jobs without torch and print how they ended: one JSON object.

A script of its own, so that a test can run it as other users.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from verifiers.isolation import isolation
from verifiers.sandbox import Job, Sandbox

HERE = Path(__file__).parent
JOBS = {
    "honest": "send(b'x')",
    "memory": "bytearray(3 << 30)",
    "time": "while True: pass",
    "kill": "import os; os.kill(-1, 9)",
    "fork": "import os; os.fork()",
    "write": "open('/whetstone/verifiers/x', 'w')",
    "scratch": "open('/tmp/x', 'w').write('x')",
}


def main() -> None:
    ends = {}
    entry = "plain_entry:main"
    with Sandbox(entry=entry, warm_up=(), extra_paths=(HERE,)) as sandbox:
        for name, source in JOBS.items():
            limit = 0.5 if name == "time" else 20.0
            ends[name] = sandbox.run(Job(source.encode(), time_limit=limit)).kind
    print(json.dumps({"user": os.geteuid(), "complete": isolation().complete, **ends}))


if __name__ == "__main__":
    main()
