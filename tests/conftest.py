"""Settings every test shares: one torch thread a worker, a home of its own, and no silent skips."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import signal

import pytest

# A job started in the background by a script ignores Ctrl+C and hands that down: the commands that
# tests interrupt would then never hear of it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def whetstone_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """Point every test at an empty data folder, so that none touches the developer's progress."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("WHETSTONE_HOME", str(home))
    return home


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """With WHETSTONE_NO_SKIPS set, a skip is a failure, except for CUDA where there is none."""
    report = (yield).get_result()
    strict = os.environ.get("WHETSTONE_NO_SKIPS") and not item.get_closest_marker("cuda")
    if report.skipped and strict:
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"


@pytest.fixture(scope="session")
def judge():
    """One judge, and so one sandbox, for all tests of a worker."""
    from verifiers.judge import Judge

    with Judge() as judge:
        judge.warm_up()
        yield judge
