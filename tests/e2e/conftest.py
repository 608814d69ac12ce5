"""One app server and one browser for all browser tests of a worker.

Every page is watched: a request to any other host, or a page that failed, fails the test.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Request,
    WebSocket,
    expect,
    sync_playwright,
)

from app.store import Store
from drills.catalogue import get_drill

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTLED = '.stApp[data-test-script-state="notRunning"]'
PATIENCE_MS = 60_000  # a busy machine is not a broken app
expect.set_options(timeout=PATIENCE_MS)


class App:
    """The served app, seen through one browser tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, address: str) -> Page:
        """Load an address and wait until its page has run."""
        self.page.goto(self.url + address)
        return self.settle()

    def settle(self) -> Page:
        """Wait until the script has run and nothing is drawn as a placeholder any more."""
        self.page.wait_for_selector(SETTLED)
        self.page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
        return self.page

    def write_code(self, code: str) -> None:
        """Replace what is in the editor, as a paste would."""
        self.page.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(code)

    def code(self) -> str:
        return "\n".join(self.page.locator(".cm-line").all_text_contents())

    def attempts(self, drill_id: str) -> Locator:
        """The cards of a drill's submissions on the progress page, which is opened for it."""
        page = self.open("/progress")
        page.get_by_role("heading", name="Latest submissions").wait_for()
        title = get_drill(drill_id).title
        return page.locator('[class*="st-key-card-attempt"]').filter(has_text=title)

    def failure(self) -> str:
        """What a page that failed says; empty where all is well."""
        return " ".join(
            self.page.locator('[data-testid="stAlertContentError"], .stException').all_inner_texts()
        )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, started as `python -m app` starts it, on a data folder of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("served")
    with Store.open(home) as store:  # all tests of a worker are one learner, who never has enough
        store.set_setting("review.daily_budget", 500)
        store.set_setting("review.new_per_day", 200)
    log = (home / "log").open("w")
    starter = f"from app.serve import serve; raise SystemExit(serve({port}, open_browser=False))"
    process = subprocess.Popen(
        [sys.executable, "-c", starter],
        cwd=ROOT,
        env=os.environ | {"WHETSTONE_HOME": str(home), "OMP_NUM_THREADS": "1"},
        stdout=log,
        stderr=log,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(process, url, home / "log")
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=5).close()
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
    raise AssertionError(f"the app did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """One browser profile, so that each tab finds the app's scripts in the cache."""
    profile = browser.new_context(locale="en-GB", color_scheme="light")
    profile.set_default_timeout(PATIENCE_MS)
    yield profile
    profile.close()


@contextlib.contextmanager
def tab(profile: BrowserContext, server: str) -> Iterator[App]:
    """The app in a tab of its own. Fails at the end if another host was asked."""
    elsewhere: list[str] = []

    def watch(request: Request) -> None:
        if not request.url.startswith((server, "data:", "blob:")):
            elsewhere.append(request.url)

    def watch_socket(socket: WebSocket) -> None:
        if not socket.url.startswith(server.replace("http", "ws")):
            elsewhere.append(socket.url)

    page = profile.new_page()
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.on("request", watch)
    page.on("websocket", watch_socket)
    yield App(page, server)
    page.close()
    assert elsewhere == [], "requests left this machine"


@pytest.fixture
def app(profile: BrowserContext, server: str) -> Iterator[App]:
    """A tab of its own for one test."""
    with tab(profile, server) as app:
        yield app


@pytest.fixture(scope="module")
def shared_app(profile: BrowserContext, server: str) -> Iterator[App]:
    """A tab that the tests of a file share, for those that leave no trace."""
    with tab(profile, server) as app:
        yield app
