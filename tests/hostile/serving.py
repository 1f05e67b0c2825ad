"""Serving: the web process over a workspace, as it is served, for bytes that no browser would send."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import httpx

from studio.flows import people, signing
from studio.flows.studio import Studio
from studio.web.access.settings import Access
from studio.web.app import build_app
from studio.web.prompt import PromptProtocol
from studio.web.serve import behind_proxies
from tests.hostile.requests import CLOSED
from tests.listening import listening

PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    cookie: str

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def browser(self, patience: float) -> httpx.Client:
        """Somebody who is signed in."""
        cookies = dict([self.cookie.split("=", 1)])
        return httpx.Client(base_url=f"http://{self.host}", cookies=cookies, timeout=patience)

    def addressed(self, raw: bytes) -> bytes:
        """What is sent, with the right host and a cookie that is known."""
        return raw.replace(b"HOST", self.host.encode()).replace(b"COOKIE", self.cookie.encode())

    def line(self, patience: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=patience)

    def answer(self, raw: bytes) -> tuple[int, bytes]:
        """The status of the answer, CLOSED for none, and its beginning."""
        came = b""
        with closing(self.line(PATIENCE)) as line:
            with suppress(ConnectionResetError, BrokenPipeError):  # refused before all of it was sent
                line.sendall(raw)
            with suppress(ConnectionResetError, TimeoutError):
                while b"\r\n\r\n" not in came and (more := line.recv(4096)):
                    came += more
                line.settimeout(0.05)
                with suppress(TimeoutError):
                    came += line.recv(4096)
        return (int(came[9:12]) if came.startswith(b"HTTP/1.1 ") else CLOSED), came


@contextmanager
def served(studio: Studio) -> Iterator[Server]:
    """The whole application as it is served, on a port of its own."""
    app = behind_proxies(build_app(studio), Access())
    with listening(app, http=PromptProtocol, proxy_headers=False) as port:
        token = signing.open_here(studio, people.launch(studio), address="127.0.0.1", device="a test")
        yield Server(port, f"studio-{port}={token}")
