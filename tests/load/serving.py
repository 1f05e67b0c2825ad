"""Serving: a studio, a supervisor or a bare Gradio page as a process of its own, and what that takes."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from tests.load.pages import Page

ROOT = Path(__file__).resolve().parents[2]
LOOK_EVERY = 0.1


@dataclass(slots=True)
class Server:
    """Where it is, its process, and how long it took to answer for the first time."""

    port: int
    process: psutil.Process
    opened: float = 0.0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def memory(self) -> float:
        """Megabytes that it holds now."""
        return self.process.memory_info().rss / 1e6


@dataclass
class Watch:
    """Memory and processor time of a process (and, where asked, of all that it started) while a block runs."""

    process: psutil.Process
    with_children: bool = False
    before: int = 0
    most: int = 0
    busy: float = 0.0
    seconds: float = 0.0
    samples: list[tuple[float, int]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watch":
        self.before = self.most = self._memory()
        self._began, self._cpu = time.monotonic(), self._processors()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self._thread.join()
        self.seconds = time.monotonic() - self._began
        self.busy = (self._processors() - self._cpu) / self.seconds

    def _look(self) -> None:
        while not self.done.wait(LOOK_EVERY):
            now = self._memory()
            self.most = max(self.most, now)
            self.samples.append((time.monotonic() - self._began, now))

    def _memory(self) -> int:
        found, total = [self.process], 0
        with suppress(psutil.NoSuchProcess):  # it may end while somebody looks
            found += self.process.children(recursive=True) if self.with_children else []
        for each in found:
            try:
                total += each.memory_info().rss
            except psutil.Error:
                continue
        return total

    def _processors(self) -> float:
        """Seconds; of a process that has ended nobody knows them any longer."""
        try:
            times = self.process.cpu_times()
        except psutil.NoSuchProcess:
            return float("nan")
        return times.user + times.system


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def studio(workspace: Path, *options: str, program: str = "app", **environ: str) -> Iterator[Server]:
    """The web process alone; what carries out jobs is started apart, where it is wanted. Options may name the {port}."""
    port = free_port()
    command = [sys.executable, "-m", program, "--port", str(port), "--workspaces", str(workspace)]
    with started([*command, "--no-supervise", *(each.format(port=port) for each in options)], port, environ) as server:
        yield server


@contextmanager
def bare(page: Page) -> Iterator[Server]:
    """A page of Gradio with as many controls and events, and nothing behind them."""
    port = free_port()
    size = (str(page.controls), str(len(page.events)))
    with started([sys.executable, "-m", "tests.load.bare", str(port), *size], port, {}, health="/") as server:
        yield server


@contextmanager
def supervisor(workspace: Path) -> Iterator[psutil.Process]:
    command = [sys.executable, "-m", "studio.jobs.supervisor", str(workspace)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def started(command: list[str], port: int, environ: dict[str, str], *, health: str = "/healthz") -> Iterator[Server]:
    began = time.monotonic()
    quiet = {"HF_ENDPOINT": "http://127.0.0.1:9", "GRADIO_ANALYTICS_ENABLED": "False"}
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | quiet | environ, stdout=subprocess.DEVNULL) as process:
        try:
            while True:
                try:
                    if httpx.get(f"http://127.0.0.1:{port}{health}", timeout=5).status_code == 200:
                        break
                except httpx.HTTPError:
                    pass
                if process.poll() is not None or time.monotonic() - began > 300:
                    raise RuntimeError(f"{' '.join(command)} did not open")
                time.sleep(0.02)
            yield Server(port, psutil.Process(process.pid), time.monotonic() - began)
        finally:
            process.terminate()
            process.wait(30)
