"""A crew on Ray: one actor per core, on this machine or on a cluster.

Ray is an optional extra. It places the actors and notices when one dies; what it does not do is
protect anything: each actor judges in a sandbox of its own, as everywhere.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.errors import LearnerError, UsageError
from app.grading.crew import ONE_THREAD, Batch, Grader, WorkerDied

ROOT = Path(__file__).resolve().parents[2]
LOCAL = "local"
OBJECT_STORE = 128 * 2**20  # bytes; batches and results are small
PIN = "ray==2.60.0"  # as in requirements.txt; a test compares the two
NOT_SENT = [".git", ".venv", "tests", "**/__pycache__"]  # of our code, to the nodes of a cluster
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing leaves this machine
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # spares a warning
}
OURS = {  # for a Ray of our own
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),  # nobody else may connect
    "RAY_gcs_rpc_server_reconnect_timeout_s": "20",  # what a killed driver leaves ends itself
}
ANSWER_SECONDS = 5.0


class RayWorker:
    """An actor, and the batch it was given."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor
        self.promise: Any = None

    def give(self, batch: Batch) -> None:
        self.promise = self._actor.judge.remote(batch)

    def take(self) -> list[dict[str, Any]]:
        try:
            return self._ray.get(self.promise)
        except self._ray.exceptions.RayError as error:
            raise WorkerDied(str(error).strip().splitlines()[0]) from error


class RayCrew:
    """Actors on a Ray that is connected already."""

    def __init__(self, ray: Any, size: int) -> None:
        self._ray, self.size = ray, size
        self._actor = ray.remote(num_cpus=1, max_restarts=0)(Grader)

    def hire(self) -> RayWorker:
        return RayWorker(self._ray, self._actor.remote())

    def wait(self, workers: Sequence[RayWorker]) -> list[RayWorker]:
        ready, _ = self._ray.wait([worker.promise for worker in workers])
        return [worker for worker in workers if worker.promise in ready]


@contextlib.contextmanager
def ray_crew(address: str, workers: int | None) -> Iterator[RayCrew]:
    """Actors on the Ray at `address`, or on one started here for "local", until this ends.

    One actor per core of the cluster unless `workers` says how many. Raises LearnerError.
    """
    ray = _import_ray(address)
    with (
        tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as logs,
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),  # Ray reports dead actors there; so do we, on stderr
    ):
        try:
            _connect(ray, address, workers, logs)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            reason = (str(error).strip() or repr(error)).splitlines()[0]
            raise LearnerError(
                f"Ray at {address!r} does not answer: {reason}. Give --ray the HOST:PORT that "
                "`ray start --head` printed, and set RAY_AUTH_MODE=token if the cluster has a "
                "token; or use --ray local."
            ) from error
        try:
            yield RayCrew(ray, workers or int(ray.cluster_resources().get("CPU", 1)))
        finally:
            ray.shutdown()


def _import_ray(address: str) -> Any:
    os.environ.update(QUIET | OURS if address == LOCAL else QUIET)  # Ray reads them once, here
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            f"--ray needs Ray, which is not installed here. Run: python -m pip install {PIN}\n"
            "Without --ray, the cores of this machine are used."
        ) from error
    return ray


def _connect(ray: Any, address: str, workers: int | None, logs: str) -> None:
    environment = {"env_vars": {**ONE_THREAD, "PYTHONPATH": str(ROOT)}}
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        ray.init(
            address="local",
            num_cpus=workers or os.cpu_count() or 1,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE,
            runtime_env=environment,
            _temp_dir=logs,
            **quiet,
        )
    else:  # nodes may not have our code, so it goes with us; what it needs they must have
        sent = {"working_dir": str(ROOT), "excludes": NOT_SENT, "env_vars": ONE_THREAD}
        _knock(address)
        ray.init(address=address, runtime_env=sent, **quiet)


def _knock(address: str) -> None:
    """Raise OSError where nobody listens at HOST:PORT: Ray itself would end the whole process."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), ANSWER_SECONDS).close()
