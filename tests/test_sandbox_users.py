"""The sandbox is whole whoever runs it: root, an ordinary user, a root with fewer rights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandboxed.ordinary_user import command

SCRIPT = Path(__file__).parent / "sandboxed" / "light_jobs.py"
AS_WE_ARE = [sys.executable, str(SCRIPT)]

USERS = {"as we are": AS_WE_ARE, "as an ordinary user": command(SCRIPT)}
if os.geteuid() == 0:
    # As in a container: root by name, without the right to mount; or root of a user namespace.
    limited = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    USERS["as root without CAP_SYS_ADMIN"] = limited + AS_WE_ARE
    USERS["as root of a user namespace"] = ["unshare", "--map-root-user", *AS_WE_ARE]


@pytest.mark.parametrize("user", USERS)
def test_jobs_are_confined(user):
    run = subprocess.run(USERS[user], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    assert (result.pop("user") == 0) == ("ordinary" not in user and os.geteuid() == 0)
    assert result == {
        "complete": True,
        "honest": "done",
        "memory": "memory_limit",
        "time": "time_limit",
        "kill": "crashed",
        "fork": "crashed",
        "write": "crashed",
        "scratch": "done",
    }
