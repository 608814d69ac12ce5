"""The judge in a process of its own, so that an app which draws pages never imports torch.

`JudgeService` starts `python -m verifiers.service` and speaks JSON lines with it over pipes. The
process owns the sandbox; one that dies or stops answering is replaced, and the submission that was
with it is judged again once.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from verifiers.sandbox import Sandbox
from verifiers.spec import DrillSpec
from verifiers.verdict import CheckResult, Verdict

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT = 120.0  # seconds for a cold import of torch on a slow disk
GRACE = 30.0  # seconds beyond a drill's own limit before the process counts as stuck


class ServiceError(RuntimeError):
    """The judge process could not be started; the message says why."""


class JudgeService:
    """A judge process and its client. Thread-safe: one submission is judged at a time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = threading.Event()

    def __enter__(self) -> JudgeService:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def ready(self) -> bool:
        """Whether the process has imported torch and waits for work."""
        return self._ready.is_set()

    def warm_up(self) -> None:
        """Start the process now, in the background, so that the first verdict does not wait."""
        threading.Thread(target=self._warm_up, name="judge-warm-up", daemon=True).start()

    def _warm_up(self) -> None:
        with self._turn:
            try:
                self._start()
            except ServiceError:
                return  # the first submission will say so

    def judge(
        self,
        spec: DrillSpec,
        source: str | bytes,
        *,
        device: str = "cpu",
        seed: int | None = None,
        on_check: Callable[[CheckResult], None] | None = None,
        example_only: bool = False,
    ) -> Verdict:
        """Judge a submission. Never raises for what the submission does."""
        data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
        request = {
            "spec": dataclasses.asdict(spec) | {"folder": str(spec.folder)},
            "source": base64.b64encode(data).decode(),
            "device": device,
            "seed": seed,
            "example_only": example_only,
        }
        with self._turn:
            for _ in range(2):
                try:
                    return self._ask(request, spec, on_check)
                except (ServiceError, OSError, ValueError) as error:
                    failure = str(error) or repr(error)
                    self._stop()
        message = f"the judge failed, not your code: {failure}"
        return Verdict(spec.id, "judge_error", seed or 0, device, 0.0, message=message)

    def run_example(self, spec: DrillSpec, source: str | bytes) -> Verdict:
        """Run only the statement's worked example; `checks[0].detail` shows what came out."""
        return self.judge(spec, source, example_only=True)

    def close(self) -> None:
        """End the process. Safe to call twice."""
        with self._turn:
            self._stop()

    # The process

    def _ask(
        self,
        request: dict[str, Any],
        spec: DrillSpec,
        on_check: Callable[[CheckResult], None] | None,
    ) -> Verdict:
        process = self._start()
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        with _Deadline(process, 3 * spec.time_limit + GRACE):
            while True:
                reply = _read(process.stdout)
                if "verdict" in reply:
                    return Verdict.from_dict(reply["verdict"])
                if on_check:
                    on_check(CheckResult(**reply["check"]))

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process and self._process.poll() is None:
            return self._process
        self._stop()
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "verifiers.service"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl+C in a terminal is for the command, not for the judge
        )
        assert self._process.stdout
        with _Deadline(self._process, START_LIMIT):
            hello = _read(self._process.stdout)
        if not hello.get("ready"):
            raise ServiceError(hello.get("error", "the judge process gave no reason"))
        self._ready.set()
        return self._process

    def _stop(self) -> None:
        self._ready.clear()
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):  # it may be gone already
                    pipe.close()  # the process ends when its input does
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class _Deadline:
    """Kills a process that has not answered in time; the pending read then fails."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.timer = threading.Timer(seconds, process.kill)
        self.timer.daemon = True

    def __enter__(self) -> None:
        self.timer.start()

    def __exit__(self, *_: object) -> None:
        self.timer.cancel()


def _read(stream: IO[bytes]) -> dict[str, Any]:
    line = stream.readline()
    if not line:
        raise ServiceError("the judge process ended without an answer")
    return json.loads(line)


# The other side


def serve(requests: IO[bytes], replies: IO[bytes]) -> None:
    """Answer requests until the input ends. Runs in the judge process."""

    def reply(**message: Any) -> None:
        replies.write(json.dumps(message).encode() + b"\n")
        replies.flush()

    try:
        # The resident process and this one import torch at the same time.
        sandbox = Sandbox()
        threading.Thread(target=sandbox.start, name="sandbox-start", daemon=True).start()
        from verifiers.judge import Judge

        judge = Judge(sandbox, look_ahead=True)
    except Exception as error:
        reply(ready=False, error=repr(error))
        return
    with judge:
        judge.warm_up()
        reply(ready=True)
        for line in requests:
            request = json.loads(line)
            spec = request["spec"]
            verdict = judge.judge(
                DrillSpec(
                    **spec | {"folder": Path(spec["folder"]), "forbidden": tuple(spec["forbidden"])}
                ),
                base64.b64decode(request["source"]),
                device=request["device"],
                seed=request["seed"],
                example_only=request["example_only"],
                on_check=lambda result: reply(check=dataclasses.asdict(result)),
            )
            reply(verdict=verdict.to_dict())


def main() -> None:
    # What libraries print must not get into the replies: they go to a copy of stdout.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):  # whoever asked has gone, and so do we
        serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
