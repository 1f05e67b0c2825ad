"""Sending: a file to a real studio over HTTP, as a browser does, and what that takes of the web process."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from studio.domain.access import Scope
from studio.flows import keys, signing
from studio.flows.studio import open_studio

ROOT = Path(__file__).parents[1]
BOUNDARY = "a-boundary-between-parts"
PATIENCE = 7200.0
CHUNK = 1 << 20
LOOK_EVERY = 0.2


def send(source: Path, folder: Path) -> Iterator[str]:
    """Sentences on what the web process takes while the file is sent, taken in and read."""
    with studio(folder / "workspace") as (process, door):
        before = reset_peak(process.pid)
        began = time.perf_counter()
        path = upload(door, source)
        sent = time.perf_counter() - began
        yield (
            f"upload over HTTP: {sent:.1f} s ({source.stat().st_size / sent / 1e6:,.0f} MB/s); the web process grew "
            f"by at most {grown(process.pid, before):,.0f} MB"
        )
        began = time.perf_counter()
        take_in(door, path)
        yield (
            f"taken into a dataset: {time.perf_counter() - began:.2f} s; the web process grew by at most "
            f"{grown(process.pid, before):,.0f} MB since before the upload"
        )
        job, workers = wait(folder / "workspace")
        yield (
            f"read there, {time.perf_counter() - began:.1f} s after: {job} The web process grew by at most "
            f"{grown(process.pid, before):,.0f} MB in all"
        )
        yield from (f"   {worker.told}" for worker in workers.values())


@dataclass(frozen=True, slots=True)
class Door:
    """Where the studio is, and the key by which it lets in."""

    port: int
    key: str = ""


def key_of(workspace: Path) -> str:
    """A key that may bring files."""
    opened = open_studio(workspace)
    made = keys.make(opened, signing.this_machine(opened), "bench", Scope.CHANGE)[1]
    opened.store.close()
    return made


@contextmanager
def studio(workspace: Path) -> Iterator[tuple[subprocess.Popen[bytes], Door]]:
    """A studio on a free port with a workspace of its own, ended with everything that it started."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), "--workspaces", str(workspace)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: request(Door(port), "GET", "/healthz").status == 200)
            door = Door(port, key_of(workspace))
            request(door, "GET", "/")  # what the first page takes is not the upload's
            yield process, door
        finally:
            process.terminate()
            end_supervisor(workspace)


def end_supervisor(workspace: Path) -> None:
    try:
        pid = json.loads((workspace / "supervisor.json").read_text())["pid"]
        psutil.Process(pid).terminate()
        psutil.Process(pid).wait(60)
    except (OSError, psutil.NoSuchProcess):
        pass


def upload(door: Door, source: Path) -> str:
    """Send the file to the upload route, a piece at a time; where the studio put it."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{source.name}"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield head
        with source.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
        yield tail

    kind = f"multipart/form-data; boundary={BOUNDARY}"
    length = len(head) + source.stat().st_size + len(tail)
    answer = request(door, "POST", "/gradio_api/upload", body(), {"content-type": kind, "content-length": str(length)})
    return answer.json()[0]


def take_in(door: Door, path: str) -> None:
    """What the drop zone does with an uploaded file."""
    data = json.dumps({"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}).encode()
    called = request(door, "POST", "/gradio_api/call/bring_file", data, {"content-type": "application/json"}).json()
    answer = request(door, "GET", f"/gradio_api/call/bring_file/{called['event_id']}").text
    if "event: complete" not in answer:
        raise SystemExit(f"the file was not taken in: {answer[:500]}")


@dataclass(slots=True)
class Seen:
    """A process that the supervisor started: what it is, its processor seconds so far, and its most memory in MB."""

    name: str
    busy: float = 0.0
    peak: float = 0.0

    @property
    def told(self) -> str:
        return f"{self.name}: {self.busy:.0f} s of processors, at most {self.peak:,.0f} MB of memory"


def wait(workspace: Path) -> tuple[str, dict[int, Seen]]:
    """The words with which the newest dataset was read, and the processes that did it."""
    environment = os.environ | {"STUDIO_WORKSPACES": str(workspace)}
    command = [sys.executable, "-c", WAITING]
    supervisor = psutil.Process(json.loads((workspace / "supervisor.json").read_text())["pid"])
    seen: dict[int, Seen] = {}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as waiting:
        while waiting.poll() is None:
            look_at(supervisor, seen)
            time.sleep(LOOK_EVERY)
        assert waiting.stdout
        return waiting.stdout.read().strip(), seen


def look_at(supervisor: psutil.Process, seen: dict[int, Seen]) -> None:
    """Note what the processes below the supervisor have taken so far."""
    for process in supervisor.children(recursive=True):
        with suppress(psutil.NoSuchProcess, OSError):
            name = next((part for part in process.cmdline() if part.startswith("studio.")), "another")
            one = seen.setdefault(process.pid, Seen(name))
            times = process.cpu_times()
            one.busy, one.peak = times.user + times.system, max(one.peak, peak(process.pid) / 2**20)


WAITING = """
import os, time
from pathlib import Path
from studio.flows import bring
from studio.flows.studio import open_studio
from studio.store import jobs
studio = open_studio(Path(os.environ["STUDIO_WORKSPACES"]))
job = bring.datasets(studio)[0].job_id
while jobs.get(studio.store, job).is_live:
    time.sleep(0.5)
print(jobs.get(studio.store, job).message)
"""


class Answer:
    def __init__(self, status: int, content: bytes) -> None:
        self.status, self.text = status, content.decode("utf-8", "replace")

    def json(self):
        if self.status != 200:
            raise SystemExit(f"status {self.status}: {self.text[:500]}")
        return json.loads(self.text)


def request(door: Door, method: str, path: str, body=None, headers: dict[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE)
    known = {"authorization": f"Bearer {door.key}"} if door.key else {}
    try:
        connection.request(method, path, body, (headers or {}) | known)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    except ConnectionRefusedError:
        return Answer(0, b"")
    finally:
        connection.close()


def until(question, *, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            raise SystemExit("the studio did not open")
        time.sleep(0.2)


def reset_peak(pid: int) -> int:
    """Forget the peak of a process's memory so far; what it has now, in bytes."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return psutil.Process(pid).memory_info().rss


def grown(pid: int, before: int) -> float:
    return (peak(pid) - before) / 2**20


def peak(pid: int) -> int:
    """The most memory that a process has had so far, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)
