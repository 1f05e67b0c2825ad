"""A real studio on a free port and a real Chromium in front of it."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from tests.browser import find_browser
from tests.e2e.screens import note_errors
from tests.signed_in import for_playwright

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK_LOOKS = Path(__file__).with_name("quick_looks.js")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass
class RunningStudio:
    """The studio as a user starts it; `kill` is kill -9 of the web process alone."""

    workspaces: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.port = self.port or free_port()
        log = (self.workspaces.parent / "web.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, str(REPOSITORY / "app.py"), "--port", str(self.port), "--workspaces", str(self.workspaces)],
            cwd=REPOSITORY, stdout=log, stderr=log,
        )  # fmt: skip
        wait_until(lambda: answers(f"{self.address}/healthz"), seconds=120, what="the studio to open")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End the web process and whatever works for this workspace."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)
        for found in psutil.process_iter(["cmdline"]):
            command = " ".join(found.info["cmdline"] or [])
            if str(self.workspaces) in command and "studio" in command:
                found.kill()

    def worker(self) -> psutil.Process | None:
        """The worker process that is training or writing answers, if there is one."""
        for found in psutil.process_iter(["cmdline"]):
            command = " ".join(found.info["cmdline"] or [])
            if "studio.worker" in command and str(self.workspaces) in command:
                return found
        return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait_until(condition, *, seconds: float, what: str) -> None:
    """Poll until the condition holds; fail in words when it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            pytest.fail(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_browser()
    assert path is not None, "no Chromium or Chrome was found; `make test` installs one"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NODE_OPTIONS", f'--require="{QUICK_LOOKS}"')
        playwright = sync_playwright().start()
    opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
    yield opened
    opened.close()
    playwright.stop()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    running = RunningStudio(tmp_path_factory.mktemp("e2e") / "workspaces")
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser at 1280 px that has loaded the scripts once; compiling them anew costs more than most tests."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(visitor: BrowserContext, studio: RunningStudio) -> Iterator[Page]:
    """A fresh visitor, who is known from no test before; console errors fail the test."""
    visitor.add_cookies([for_playwright(studio.workspaces, studio.address)])
    opened = visitor.new_page()
    opened.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    errors: list[str] = []
    note_errors(opened, errors)
    yield opened
    with suppress(Error):  # where nothing was opened, nothing is remembered
        opened.evaluate("localStorage.clear(); sessionStorage.clear()")
    opened.close()
    visitor.clear_cookies()
    assert not errors, errors
