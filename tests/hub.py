"""A model hub on loopback, with the two questions that a download asks, and every way in which a hub can fail.

It answers as the public one does: small files itself, large ones by sending the reader on to another host.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

NAME = "assay/Pebble"
FIRST = "1" * 40
SECOND = "2" * 40


@dataclass
class Fault:
    """What happens to the next answers for a file: a status instead of it, a cut, or other bytes than its own."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    damaged: bool = False
    deaf_to_ranges: bool = False
    hold: threading.Event | None = None
    times: int = 1


@dataclass
class Asked:
    """A question that came to the hub."""

    path: str
    range: str | None
    token: str | None
    host: str


@dataclass
class Hub:
    """Repositories by commit, which commit is the newest, and what was asked. `large` files come from another host."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    newest: str = FIRST
    name: str = NAME
    card: dict[str, str] = field(default_factory=lambda: {"license": "apache-2.0"})
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fails(self, file: str, **fault: Any) -> None:
        """The next answers for this file (or for "api", the list of files) fail like this."""
        self.faults.setdefault(file, []).append(Fault(**fault))

    def ranges(self, file: str) -> list[str | None]:
        """Which part of a file was asked for each time, where its bytes come from."""
        return [asked.range for asked in self.asked if asked.path.startswith("/store/") and asked.path.endswith(file)]

    def fetched(self) -> set[str]:
        return {asked.path.rpartition("/")[2] for asked in self.asked if "/resolve/" in asked.path}


def is_large(name: str) -> bool:
    return name.endswith((".safetensors", ".bin", "tokenizer.json"))


def sibling(name: str, content: bytes) -> dict[str, Any]:
    git = hashlib.sha1(b"blob %d\x00" % len(content) + content).hexdigest()
    told: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": git}
    if is_large(name):
        told["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 133}
    return told


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


class Server(ThreadingHTTPServer):
    """Readers that go away in the middle of an answer are what is tested here, and no news."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def served(hub: Hub) -> Iterator[Hub]:
    """The hub, answering on a free port of loopback until the block ends."""
    server = Server(("127.0.0.1", 0), type("Answer", (Answer,), {"hub": hub}))
    server.daemon_threads = True
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Answer(BaseHTTPRequestHandler):
    """One answer of the self.hub."""

    hub: Hub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every small answer waits 40 ms
    headers: Message

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        host = (self.headers["Host"] or "").partition(":")[0]
        self.hub.asked.append(Asked(path, self.headers["Range"], self.headers["Authorization"], host))
        steps = path.strip("/").split("/")
        if path == f"/api/models/{self.hub.name}":
            self._list("main")
        elif path.startswith(f"/api/models/{self.hub.name}/revision/"):
            self._list(steps[-1])
        elif path.startswith(f"/{self.hub.name}/resolve/"):
            self._resolve(steps[3], "/".join(steps[4:]))
        elif steps[0] == "store":
            self._give(self.hub.commits[steps[1]]["/".join(steps[2:])], self._fault("/".join(steps[2:])))
        else:
            self._say(401, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})

    def _list(self, revision: str) -> None:
        fault = self._fault("api")
        if fault.status:
            return self._say(fault.status, fault.headers)
        commit = self.hub.newest if revision == "main" else revision
        if commit not in self.hub.commits:
            return self._say(404, {"X-Error-Code": "RevisionNotFound"})
        siblings = [sibling(name, content) for name, content in self.hub.commits[commit].items()]
        told = {"id": self.hub.name, "sha": commit, "gated": False, "cardData": self.hub.card, "siblings": siblings}
        self._say(200, {"Content-Type": "application/json"}, json.dumps(told).encode())

    def _resolve(self, revision: str, name: str) -> None:
        commit = self.hub.newest if revision == "main" else revision
        if commit not in self.hub.commits:
            return self._say(404, {"X-Error-Code": "RevisionNotFound"})
        if name not in self.hub.commits[commit]:
            return self._say(404, {"X-Error-Code": "EntryNotFound"})
        content = self.hub.commits[commit][name]
        told = sibling(name, content)
        proof = {"X-Repo-Commit": commit, "ETag": f'"{told["blobId"]}"'}
        if not is_large(name):
            return self._give(content, self._fault(name), proof)
        linked = {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{told["lfs"]["sha256"]}"'}
        self._say(302, proof | linked | {"Location": f"http://localhost:{self.hub.port}/store/{commit}/{name}"})

    def _give(self, content: bytes, fault: Fault, headers: dict[str, str] | None = None) -> None:
        if fault.hold:
            fault.hold.wait(30)
        if fault.status:
            return self._say(fault.status, fault.headers)
        if fault.damaged:
            content = bytes([content[0] ^ 1]) + content[1:]
        begin = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        begin = 0 if fault.deaf_to_ranges else begin
        self.send_response(206 if begin else 200)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        if self.command == "HEAD":
            return
        end = len(content) if fault.cut_after is None else begin + fault.cut_after
        self.wfile.write(content[begin:end])
        self.close_connection = fault.cut_after is not None

    def _say(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _fault(self, name: str) -> Fault:
        waiting = self.hub.faults.get(name, [])
        if not waiting:
            return Fault()
        waiting[0].times -= 1
        return waiting.pop(0) if waiting[0].times <= 0 else waiting[0]
