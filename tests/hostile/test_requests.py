"""Hostile bytes on a connection: answered in words or closed, and everybody else is answered meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

import httpx
import pytest
import uvicorn

from studio.flows import people, signing
from studio.web.access.settings import Access
from studio.web.app import build_app
from studio.web.serve import behind_proxies
from tests.hostile.requests import CASES, CLOSED, Request
from tests.web.conftest import Kept

PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    cookie: str

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, raw: bytes) -> tuple[int, bytes]:
        """The status of the answer, CLOSED for none, and its beginning."""
        came = b""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)) as line:
            with suppress(ConnectionResetError, BrokenPipeError):  # refused before all of it was sent
                line.sendall(raw)
            with suppress(ConnectionResetError, TimeoutError):
                while b"\r\n\r\n" not in came and (more := line.recv(4096)):
                    came += more
                line.settimeout(0.05)
                with suppress(TimeoutError):
                    came += line.recv(4096)
        return (int(came[9:12]) if came.startswith(b"HTTP/1.1 ") else CLOSED), came


@pytest.fixture(scope="module")
def server(kept: Kept) -> Iterator[Server]:
    app = behind_proxies(build_app(kept.studio), Access())
    with closing(socket.socket()) as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
        config = uvicorn.Config(
            app, log_level="error", http="h11", proxy_headers=False, ws="none", timeout_graceful_shutdown=1
        )
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [place]}, daemon=True)
        thread.start()
        while not running.started:
            assert thread.is_alive()
            time.sleep(0.02)
        token = signing.open_here(kept.studio, people.launch(kept.studio), address="127.0.0.1", device="a test")
        yield Server(port, f"studio-{port}={token}")
        running.should_exit = True
        thread.join(PATIENCE)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_hostile_bytes_are_answered_in_words_or_closed(case: Request, server: Server) -> None:
    raw = case.raw.replace(b"HOST", server.host.encode()).replace(b"COOKIE", server.cookie.encode())

    status, came = server.answer(raw)

    assert status in case.statuses, came[:500]
    for word in (b"Traceback", b"site-packages", b"root:x:", b"evil.example\r\n"):
        assert word not in came
    assert b"access-control-allow-origin" not in came.lower()


def test_everybody_else_is_answered_meanwhile_and_afterwards(server: Server) -> None:
    """With 200 connections that say half a word and keep silent."""
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    try:
        for each in silent:
            each.sendall(b"GET / HTTP/1.1\r\nHost: ")
        began = time.monotonic()
        cookies = dict([server.cookie.split("=", 1)])
        with httpx.Client(base_url=f"http://{server.host}", cookies=cookies, timeout=PATIENCE) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            assert client.get("/config").status_code == 200
        assert time.monotonic() - began < 5
    finally:
        for each in silent:
            each.close()
